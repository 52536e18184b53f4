// SPDX-License-Identifier: GPL-2.0
// html.mjs DIR CASE…: pages CASE.LANG.html of DIR in Chromium. No script, no address, no request; axe finds nothing; nothing
// sticks out at 390 px; under Jenkins' content policy the pictures keep their colours. "ok …" or "FAIL …" a line.
import fs from 'fs';
import http from 'http';
import { createRequire } from 'module';

const { chromium } = createRequire(process.env.MODULES + '/')('playwright-core');
const axe = fs.readFileSync(process.env.MODULES + '/axe-core/axe.min.js', 'utf8');
const [dir, ...cases] = process.argv.slice(2);
const JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';";
const MEMORY = 'rgb(59, 125, 216)'; // fill="#3b7dd8"

const say = (bad, what) => console.log(bad.length ? `FAIL ${what}\n  ${bad.join('\n  ')}` : `ok   ${what}`);

// What in a page could run, load or lead somewhere
const alive = () => [...document.querySelectorAll('*')].flatMap(e => [
	...['script', 'iframe', 'object', 'embed', 'img', 'link', 'base', 'form', 'use', 'image', 'foreignObject', 'animate']
		.filter(n => n === e.localName).map(n => `<${n}>`),
	// within the page is the one place to lead to
	...(e.localName === 'a' && !/^#incident-[0-9]+$/.test(e.getAttribute('href')) ? ['<a>'] : []),
	...[...e.attributes].filter(a => (a.name !== 'href' || e.localName !== 'a')).filter(a => /^on|^(xlink:)?href$|^src|^action$|^style$|^formaction$|^data$/i.test(a.name) ||
		/javascript:|url\(/i.test(e.localName === 'meta' ? '' : a.value)).map(a => `<${e.localName} ${a.name}=…>`),
	...(e.localName === 'meta' && /refresh/i.test(e.httpEquiv) ? ['<meta refresh>'] : []),
	...(e.localName === 'style' && /@import|url\(/.test(e.textContent) ? ['style that loads'] : []),
]);

async function open(browser, url, width, scheme, media) {
	const ctx = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, bypassCSP: media !== 'jenkins' });
	const page = await ctx.newPage();
	page.asked = [];
	page.on('request', r => page.asked.push(r.url()));
	page.on('dialog', d => { page.asked.push('a dialog: ' + d.message()); d.dismiss(); });
	if (media === 'print')
		await page.emulateMedia({ media: 'print', colorScheme: scheme });
	await page.goto(url);
	return page;
}

const axed = async page => {
	await page.addScriptTag({ content: axe });
	const r = await page.evaluate(() => axe.run(document));
	return r.violations.map(v => `${v.id}: ${v.help}: ${v.nodes[0].html.slice(0, 200)}`);
};

async function look(browser, name, lang, width, scheme) {
	const url = `file://${dir}/${name}.${lang}.html`, page = await open(browser, url, width, scheme);
	const what = `${name} ${lang} ${width} ${scheme}`;
	say([...await page.evaluate(alive), ...page.asked.filter(u => u !== url)], `${what}: nothing runs or loads`);
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	say(wide > 0 ? [`${wide} px`] : [], `${what}: nothing sticks out`);
	say(await axed(page), `${what}: axe`);
	await page.context().close();
}

// Headings and pictures as they are without the style sheet
async function jenkins(browser, base, name) {
	const page = await open(browser, `${base}/${name}.en.html`, 1000, 'light', 'jenkins'), bad = [];
	const seen = await page.evaluate(() => ({
		styled: document.styleSheets.length > 0 && getComputedStyle(document.body).margin === '0px',
		h1: document.querySelector('h1').getBoundingClientRect().height,
		fills: [...document.querySelectorAll('.mem')].map(e => getComputedStyle(e).fill),
		narrow: [...document.querySelectorAll('svg.lane, svg.curve')].filter(e => e.getBoundingClientRect().width < 200).length,
	}));
	if (seen.styled) bad.push('the policy does not hold: the page has its style');
	if (!seen.h1) bad.push('no heading');
	if (seen.fills.some(f => f !== MEMORY)) bad.push(`colours are ${seen.fills.join(' ')}`);
	if (seen.narrow) bad.push(`${seen.narrow} pictures have no room`);
	say(bad, `${name}: Jenkins' content policy`);
	await page.context().close();
}

async function print(browser, name) {
	const page = await open(browser, `file://${dir}/${name}.zh_CN.html`, 800, 'dark', 'print');
	const paper = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
		document.documentElement.lang]);
	const pdf = await page.pdf({ format: 'A4' });
	say(paper.join() === 'rgb(255, 255, 255),rgb(0, 0, 0),zh-CN' && pdf.subarray(0, 5).toString() === '%PDF-' ? [] : paper,
	    `${name}: prints black on white`);
	await page.context().close();
}

// A page with everything wrong: each of the checks above must see it.
async function wrong(browser) {
	const page = await open(browser, 'about:blank', 390, 'light');
	await page.setContent('<html><body onload="1"><a href="javascript:1"><img src="data:,"></a><p style="color:#bbb">' +
		'faint</p><script>1</script><div style="width:2000px">x</div></body></html>');
	const found = await page.evaluate(alive), marks = await axed(page);
	const missed = ['<script>', '<img>', '<a>', '<body onload=…>', '<img src=…>'].filter(w => !found.includes(w));
	if (!marks.some(m => /color-contrast/.test(m))) missed.push('axe saw no contrast');
	say(missed, 'a wrong page is seen to be wrong');
	await page.context().close();
}

const server = http.createServer((q, a) => {
	a.setHeader('Content-Security-Policy', JENKINS);
	a.setHeader('Content-Type', 'text/html; charset=utf-8');
	a.end(fs.readFileSync(dir + '/' + q.url.replace(/[^a-zA-Z0-9_.-]/g, '')));
}).listen(0, '127.0.0.1');
await new Promise(done => server.once('listening', done));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
	'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
try {
	await wrong(browser);
	for (const name of cases) {
		await look(browser, name, 'en', 1200, 'light');
		await look(browser, name, 'zh_CN', 390, 'light');
		await look(browser, name, 'en', 390, 'dark');
		await look(browser, name, 'zh_CN', 1200, 'dark');
		await jenkins(browser, `http://127.0.0.1:${server.address().port}`, name);
		await print(browser, name);
	}
} finally {
	await browser.close();
	server.close();
}
