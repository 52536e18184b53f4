/* SPDX-License-Identifier: GPL-2.0 */
#include "cmd/cmd.h"

const struct command *const commands[] = {
	&cmd_run, &cmd_watch, &cmd_daemon, &cmd_attach, &cmd_measure, &cmd_record, &cmd_report, &cmd_history, &cmd_diagnose, &cmd_plan, &cmd_dump, &cmd_explain, &cmd_doctor, NULL,
};
