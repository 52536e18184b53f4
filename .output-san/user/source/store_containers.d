.output-san/user/source/store_containers.o: \
 user/source/store_containers.c user/source/store_containers.h \
 user/source/store_chain.h user/source/docker_store.h \
 user/source/store_json.h
user/source/store_containers.h:
user/source/store_chain.h:
user/source/docker_store.h:
user/source/store_json.h:
