/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which image layer a step writes: from the overlay upperdir the kernel saw to "layer 3 above
 * python:3.11-slim", by what docker (overlay2) and podman/buildah (overlay) keep on disk. Nothing
 * is asked of a daemon; what the files do not say stays unknown.
 */
#ifndef SOURCE_DOCKER_STORE_H
#define SOURCE_DOCKER_STORE_H

#include <stddef.h>

#define LAYER_ID_MAX 96
#define IMAGE_NAME_MAX 256

struct layer_info {
	char snapshot[LAYER_ID_MAX], parent[LAYER_ID_MAX]; /* "": not known */
	char base[IMAGE_NAME_MAX]; /* "": not known, or more than one fits */
	unsigned int number;	   /* 1-based above the base image's last layer; 0: not known */
	unsigned int base_layers;  /* 0 with a number: FROM scratch */
};

struct docker_store;
struct docker_store *docker_store_new(void); /* NULL: out of memory */
void docker_store_free(struct docker_store *ds);

/*
 * from: the FROM image as written, "" when not known. 0, or -EINVAL: a layout we do not know.
 * Metadata that cannot be read only leaves fields empty.
 */
int docker_store_layer(struct docker_store *ds, const char *upperdir, const char *from,
		       struct layer_info *ret);

/* The parent snapshot of a process in a containerd snapshot, from the text of its
 * /proc/PID/mountinfo. */
void docker_store_mount_parent(const char *mountinfo, struct layer_info *ret);

/* Is `name` (repo:tag as stored) what `from` names? Short names mean docker.io/library and :latest.
 */
int image_name_is(const char *name, const char *from);

/* What a Dockerfile inherits from its base image. */
struct image_info {
	char **onbuild, **shell; /* NULL-terminated */
	char *env;		 /* K=V NUL-separated, an empty one at the end; secrets masked */
};

/* dataroot: "/var/lib/docker". 0, -ENOENT: no such image here, or another -errno. */
int docker_store_image(const char *dataroot, const char *name, struct image_info *ret);
void image_info_done(struct image_info *i);
#define IMAGE_CONFIG_MAX (32 * 1024)
/* "onbuild=…" and "shell=…" as an `image` event has them; out: IMAGE_CONFIG_MAX bytes. 0: none, or more than that */
size_t image_info_config(const struct image_info *i, char *out);

#endif
