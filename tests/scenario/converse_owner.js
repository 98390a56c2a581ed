// SPDX-License-Identifier: Apache-2.0
//
// converse_owner: what a person clicks in Converse.js, in a headless Chromium.
// Reads one JSON job a line on standard input, answers each with one line:
// {"ok": text} or {"failed": why}.  The story is converse_owner.py.
"use strict";

const fs = require("fs");
const http = require("http");
const path = require("path");
const readline = require("readline");

const settings = JSON.parse(process.argv[2]);
const {chromium} = require(path.join(settings.modules, "playwright-core"));
const dist = path.join(settings.modules, "converse.js", "dist");
const PATIENCE = {timeout: 20000};

const TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json",
    ".wasm": "application/wasm", ".svg": "image/svg+xml", ".woff2": "font/woff2"};

const PAGE = `<!doctype html><html><head><meta charset="utf-8">
<link rel="stylesheet" href="/converse.min.css"></head><body class="converse-fullscreen">
<div id="conversejs-bg"></div><script type="module">
import converse from "/converse.min.js";
converse.initialize({assets_path: "/", websocket_url: "${settings.websocket}",
    discover_connection_methods: false, view_mode: "fullscreen", authentication: "login",
    i18n: "en", persistent_store: "sessionStorage", allow_non_roster_messaging: true,
    clear_cache_on_logout: true, omemo_default: false});
</script></body></html>`;

function serve() {
    const server = http.createServer((request, response) => {
        const name = decodeURIComponent(request.url.split("?")[0]);
        const file = path.join(dist, name);

        if (name === "/") {
            response.setHeader("content-type", "text/html");
            response.end(PAGE);
        } else if (!file.startsWith(dist + path.sep) || !fs.existsSync(file) ||
            fs.statSync(file).isDirectory()) {
            response.statusCode = 404;
            response.end();
        } else {
            response.setHeader("content-type", TYPES[path.extname(file)] ||
                "application/octet-stream");
            fs.createReadStream(file).pipe(response);
        }
    });
    return new Promise((done) => server.listen(0, "127.0.0.1",
        () => done({server, port: server.address().port})));
}

const COMMANDS = "converse-adhoc-commands ";

// One function a job; each returns what the person sees then.
const jobs = {
    async login(page, job) {
        await page.waitForSelector("input[name=jid]", PATIENCE);
        await page.fill("input[name=jid]", job.jid);
        await page.fill("input[name=password]", job.password);
        await page.click("input[type=submit],button[type=submit]");
        await page.waitForSelector("converse-roster", PATIENCE);
        return "logged in";
    },
    async open_commands(page, job) {
        await page.click(".show-client-info", PATIENCE);
        await page.click("#commands-tab", PATIENCE);
        return jobs.list(page, job);
    },
    async list(page, job) {
        await page.fill(COMMANDS + "input[name=jid]", job.of, PATIENCE);
        await page.click(COMMANDS + "input[type=submit]," + COMMANDS + "button[type=submit]");
        return jobs.look(page, {until: [job.shows]});
    },
    async choose(page, job) {
        await page.locator("converse-adhoc-commands").getByText(job.title, {exact: true})
            .first().click(PATIENCE);
        return jobs.look(page, job);
    },
    async fill(page, job) {
        await page.fill(COMMANDS + `[name="${job.field}"]`, job.value, PATIENCE);
        return job.value;
    },
    async select(page, job) {
        const list = page.locator(COMMANDS + `select[name="${job.field}"]`);
        const label = await list.locator("option", {hasText: job.option}).first().innerText();

        await list.selectOption({label}, PATIENCE);
        return label;
    },
    async press(page, job) {
        await page.click(COMMANDS + `input[value="${job.button}" i],` +
            COMMANDS + `[data-action="${job.button}" i]`, PATIENCE);
        return jobs.look(page, job);
    },
    async look(page, job) {
        await page.waitForFunction((words) => {
            const seen = document.querySelector("converse-adhoc-commands");
            const all = seen === null ? "" : seen.innerText + [...seen.querySelectorAll(
                "input,textarea,option")].map((e) => e.value + " " + e.name + " " +
                e.textContent).join(" ");

            return words.every((word) => all.includes(word));
        }, job.until, PATIENCE);
        return page.innerText("converse-adhoc-commands");
    },
};

async function main() {
    const {server, port} = await serve();
    const browser = await chromium.launch({executablePath: settings.chromium, headless: true,
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync"]});
    const page = await (await browser.newContext({viewport: {width: 1280, height: 900}})).newPage();

    await page.goto(`http://127.0.0.1:${port}/`);
    for await (const line of readline.createInterface({input: process.stdin})) {
        const job = JSON.parse(line);
        let said;

        try {
            said = {ok: await jobs[job.what](page, job)};
        } catch (e) {
            const seen = await page.innerText("body").catch(() => "");
            const html = await page.locator("converse-adhoc-commands").innerHTML()
                .catch(() => "");

            said = {failed: `${e.message}\n${seen.slice(-800)}\n${html.slice(-3000)}`};
        }
        console.log(JSON.stringify(said));
    }
    await browser.close();
    server.close();
}

main().catch((e) => {
    console.log(JSON.stringify({failed: e.message}));
    process.exit(1);
});
