// The console: asks /v1/status once a second, and shows what it says. What comes from the server is set as text, never as HTML.

import { clock, count, grouped, make, size, span, time } from "./chart.js";
import { setUpKeys } from "./keys.js";
import { setUpLists } from "./lists.js";
import { setUpLog } from "./log.js";
import { $, plural, some, update } from "./page.js";

// MARK: Asking

/** The field Authorization; only in this page's memory. */
let login = null;
let user = "";

/** Makes a request for the user who has logged in. Nothing is kept by the browser, and it asks for no password itself. */
async function ask(path, options = {}) {
  const headers = new Headers(options.headers);
  if (login) headers.set("Authorization", login);
  const signal = options.signal ?? AbortSignal.timeout(options.patience ?? 30000);
  const answer = await fetch(path, { ...options, headers, signal, credentials: "omit", cache: "no-store", redirect: "error" });
  if (answer.status === 401) askForLogin();
  return answer;
}

/** The reason in an answer that is an error. */
async function reason(answer) {
  const text = await answer.text();
  try {
    const problem = JSON.parse(text);
    return problem.detail ?? problem.title ?? text;
  } catch {
    return text.trim() || `HTTP ${answer.status}`;
  }
}

function askForLogin() {
  const wasWrong = login !== null;
  login = null;
  if (wasWrong) $("login-why").textContent = "The user or the password is wrong, or no longer valid.";
  $("login-why").classList.toggle("problem", wasWrong);
  if ($("login").hidden) {
    $("login").hidden = false;
    $("console").hidden = true;
    $("user").focus();
  }
}

$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  user = $("user").value;
  const bytes = new TextEncoder().encode(`${user}:${$("password").value}`);
  login = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  $("password").value = "";
  samples = [];
  poll();
});

$("logout").addEventListener("click", () => {
  // A page that is loaded again knows nothing: neither the login nor what was read with it.
  location.reload();
});

// MARK: The state

let status = null;
let samples = [];
/** The number of the sample behind the last one, and the time of the last one. */
let next = 0;
let newest = 0;
let lastAnswer = 0;
let crossAge = null;

const glyphs = {
  ready: ["M14 2a12 12 0 1 0 .01 0Z", "M8.5 14.5l3.8 3.8 7.2-8"],
  attention: ["M14 2.5 26.5 25h-25Z", "M14 10.5v6.5M14 21v.2"],
  trouble: ["M9 2h10l7 7v10l-7 7H9l-7-7V9Z", "M9.5 9.5l9 9M18.5 9.5l-9 9"],
  lost: ["M14 2a12 12 0 1 0 .01 0Z", "M6 22 22 6"],
  wait: ["M14 2a12 12 0 1 0 .01 0Z", "M8.5 14h.2M14 14h.2M19.5 14h.2"],
};

let announced = "";

/** Shows the sentence of state, what to do, and further notes. */
function showState(level, sentence, advice, notes = []) {
  $("state").dataset.level = level;
  const [shape, mark] = glyphs[level].map((d) => make("svg:path", { d }));
  mark.setAttribute("fill", "none");
  update($("state").querySelector("svg"), shape, mark);
  $("sentence").textContent = sentence;
  $("advice").hidden = !advice;
  $("advice").textContent = advice ?? "";
  $("notes").hidden = !notes.length;
  update($("notes"), ...notes.map((note) => make("li", {}, make("b", {}, `${note.text}. `), note.advice)));
  document.title = `${status?.label ? `${status.label} · ` : ""}${{ ready: "", attention: "! ", trouble: "✕ ", lost: "✕ ", wait: "" }[level]}Puffin ${status?.server.address ?? ""}`.trim();
  // Readers of the screen hear of another state, not of other figures in it.
  const essence = `${level} ${sentence.replace(/[0-9]+/g, "0")}`;
  if (essence !== announced) $("news").textContent = sentence;
  announced = essence;
}

async function poll() {
  try {
    const answer = await ask(`/v1/status?since=${samples.length ? next : 0}`, { patience: 1500 });
    if (answer.ok) take(await answer.json());
    else if (answer.status === 401) showState("wait", "This server wants to know who you are", null);
    else refused(answer.status, await reason(answer));
  } catch {
    lost();
  }
}

function take(fresh) {
  const { first, rows } = fresh.recent;
  // Another server, or the same one started again, was asked by the numbers of the first: the next answer has all of its samples.
  if (status && status.server.started !== fresh.server.started) samples = [];
  else samples = (first === next ? [...samples, ...rows] : rows).slice(-span);
  next = fresh.recent.next;
  [status, newest, lastAnswer] = [fresh, fresh.recent.time, Date.now()];
  $("login").hidden = true;
  $("console").hidden = false;
  document.body.classList.remove("is-lost");
  const { state } = status;
  showState(state.level, state.sentence, state.advice, state.notes);
  show();
}

function refused(code, text) {
  $("login").hidden = true;
  lastAnswer = Date.now();
  showState(code === 503 ? "attention" : "trouble", code === 403 ? `${user || "This user"} may not see this server's figures` : text, code === 403 ? text : null);
  $("logout").hidden = !login;
  if (code === 403) keys.probe().then((isThere) => isThere && showTabs(["keys"]));
}

function lost() {
  const since = lastAnswer ? ` since ${clock(lastAnswer)}` : "";
  showState(
    "lost", `No answer from ${status?.server.address ?? location.host}${since}`,
    "Is it running (systemctl status puffin), and is the way to it open? This page goes on asking." + (status ? " What is below is old." : ""));
  document.body.classList.add("is-lost");
  for (const id of ["figures", "charts", "facts"]) $(id).classList.add("stale");
}

// MARK: What is always there

function show() {
  const { server, label } = status;
  $("label").hidden = !label;
  $("label").textContent = label ?? "";
  $("address").textContent = server.address;
  $("version").textContent = `v${server.version}`;
  $("who").textContent = login ? user : "";
  $("logout").hidden = !login;
  const has = (route) => status.routes.some((path) => path === route || path.startsWith(`${route}/`));
  showTabs([...(has("/v1/keys") ? ["keys"] : []), ...(has("/v1/changes") ? ["log"] : []), "now", "slow", "followers", "settings"]);
  for (const id of ["figures", "charts", "facts"]) $(id).classList.remove("stale");
  views[current]?.();
}

// MARK: Now

const figure = (name, value, more, share) => {
  const parts = [make("dt", {}, name), make("dd", {}, ...value)];
  if (some(share)) {
    const bar = make("svg:rect", { width: `${Math.min(share, 1) * 100}%`, height: 4 });
    parts.push(make("dd", { class: `meter${share > 0.85 ? " high" : ""}`, "aria-hidden": "true" }, make("svg:svg", { width: "100%", height: 4 }, bar)));
  }
  return make("div", {}, ...parts, make("dd", { class: "more" }, more));
};
const unit = (text) => {
  const [number, ...rest] = text.split(" ");
  return rest.length ? [number, make("small", {}, ` ${rest.join(" ")}`)] : [number];
};
/** The newest value of the last ten seconds; null if there is none. */
const recent = (index) => samples.slice(-10).map((row) => row[index]).filter(some).at(-1) ?? null;

function showFigures() {
  const { memory, disk, durability, clients } = status;
  const [changes, reads, read, write, waits] = [0, 1, 2, 3, 4].map(recent);
  const phases = [[read, "read"], [write, "change"]].filter(([value]) => some(value)).map(([value, name]) => `${time(value)} ${name}`);
  update($("figures"),
    figure("Changes a second", [count(changes ?? 0)], `${grouped(durability.seq)} in all`),
    figure("Reads a second", [count(reads ?? 0)], `${plural(clients.connected, "client")} of ${grouped(clients.limit)}`),
    figure("p99 wait for the disk", some(waits) ? unit(time(waits)) : ["–"], phases.length ? `to run: ${phases.join(", ")}` : some(waits) ? "" : "no change waited just now"),
    figure("Memory", unit(size(memory.used_bytes)), memory.limit_bytes ? `of ${size(memory.limit_bytes)}` : "no limit", memory.limit_bytes ? memory.used_bytes / memory.limit_bytes : null),
    some(disk.free_bytes)
      ? figure("Disk free", unit(size(disk.free_bytes)), `of ${size(disk.size_bytes)}`, 1 - disk.free_bytes / disk.size_bytes)
      : figure("Disk free", ["–"], "the system does not say"));
}

const column = (index) => (row) => row[index];
const charts = [
  { title: "Requests a second", series: [{ name: "changes", value: column(0) }, { name: "reads", value: column(1) }], format: count, least: 4 },
  {
    title: "p99 by phase", format: time, isLogarithmic: true,
    series: [{ name: "read", value: column(2) }, { name: "change", value: column(3) }, { name: "disk", value: column(4) }, { name: "followers", value: column(5) }],
  },
  { title: "Memory", series: [{ name: "used", value: column(6) }], format: size, base: 1024 },
  { title: "Sync time, mean", series: [{ name: "sync", value: column(7) }], format: time, least: 1e6 },
  { title: "Changes a sync", series: [{ name: "changes", value: column(8) }], format: count, least: 2 },
  { title: "Lag", series: [{ name: "behind", value: (row) => (some(row[9]) ? row[9] * 1e6 : null) }], format: (value) => (value === 0 ? "0 ms" : time(value)), least: 10e6 },
].map((spec) => {
  const chart = make("puffin-chart");
  $("charts").append(chart);
  chart.setUp(spec);
  return chart;
});

$("charts").addEventListener("cross", (event) => {
  crossAge = event.detail;
  for (const chart of charts) chart.cross(crossAge);
});

const facts = (title, pairs) =>
  make("div", {}, make("h3", {}, title), make("dl", {}, ...pairs.filter(([, value]) => some(value)).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, String(value))))));

function showFacts() {
  const { server, durability, data, memory, log, clients } = status;
  update($("facts"),
    facts("Server", [
      ["Version", server.version], ["Running for", time(Math.max(server.uptime_seconds, 1) * 1e9)], ["Address", server.address], ["Id", server.id],
      ["libevent", server.libevent], ["OpenSSL", server.openssl],
      ["Certificate ends in", some(server.certificate_expires_seconds) ? time(Math.max(server.certificate_expires_seconds, 0) * 1e9) : null],
    ]),
    facts("Data", [
      ["Pairs", grouped(data.pairs)], ["Pairs that expire", grouped(data.pairs_expiring)], ["Table", size(memory.table_bytes)],
      ["Held by clients", size(memory.held_bytes)], ["Refused for memory", grouped(memory.refusals)], ["History", data.history.slice(0, 16)],
    ]),
    facts("Durability", [
      ["Mode", durability.mode], ["Waits for followers", durability.ack === "local" ? "no" : durability.ack], ["Newest change", grouped(durability.seq)],
      ["Committed", grouped(durability.committed)], ["On this disk", grouped(durability.durable)], ["Last sync", time(durability.last_sync_microseconds * 1e3)],
      ["Takes changes", durability.writable ? "yes" : "no"],
    ]),
    facts("Log", [
      ["Snapshot up to", grouped(log.snapshot_seq)], ["Snapshot", size(log.snapshot_bytes)], ["Sealed, not merged", size(log.sealed_bytes)],
      ["Compaction", some(log.compaction_percent) ? `${log.compaction_percent} %` : "idle"], ["Compactions", grouped(log.compactions)], ["Failed", grouped(log.compactions_failed)],
    ]),
    facts("Clients", [
      ["Connected", grouped(clients.connected)], ["Accepted", grouped(clients.accepted)], ["Refused", grouped(clients.refused)], ["Dropped", grouped(clients.dropped)],
      ["Must log in", clients.login_required ? "yes" : "no"], ["Error replies", grouped(clients.error_replies)], ["Slow requests", grouped(clients.slow_requests)],
    ]));
}

function showNow() {
  showFigures();
  for (const chart of charts) chart.show(samples, next - samples.length, newest);
  showFacts();
}

// MARK: Tabs

const keys = setUpKeys($("panel-keys"), { ask, reason });
const lists = setUpLists({ ask, reason, status: () => status });
const log = setUpLog($("panel-log"), { ask, reason });
const views = { now: showNow, keys: keys.show, log: log.show, ...lists };
const tabs = [...document.querySelectorAll('[role="tab"]')];
const nameOf = (tab) => tab.id.slice(4);
let current = "now";

function showTabs(names) {
  $("console").hidden = false;
  for (const tab of tabs) tab.hidden = !names.includes(nameOf(tab));
  const wanted = location.hash.slice(1);
  const target = names.includes(wanted) ? wanted : names.includes("now") ? "now" : names[0];
  if (target !== current || !tabs.some((tab) => tab.getAttribute("aria-selected") === "true")) select(target);
}

function select(name) {
  current = name;
  for (const tab of tabs) {
    const isOn = nameOf(tab) === name;
    tab.setAttribute("aria-selected", String(isOn));
    tab.tabIndex = isOn ? 0 : -1;
    $(`panel-${nameOf(tab)}`).hidden = !isOn;
  }
  if (name !== "log") log.hide();
  if (status || name === "keys") views[name]?.();
}

for (const tab of tabs) tab.addEventListener("click", () => { location.hash = nameOf(tab); });
window.addEventListener("hashchange", () => {
  const name = location.hash.slice(1) || "now";
  if (tabs.some((tab) => nameOf(tab) === name && !tab.hidden)) select(name);
});
document.querySelector('[role="tablist"]').addEventListener("keydown", (event) => {
  const shownTabs = tabs.filter((tab) => !tab.hidden);
  const index = shownTabs.indexOf(document.activeElement);
  const target = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: shownTabs.length - 1 }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  const tab = shownTabs[(target + shownTabs.length) % shownTabs.length];
  tab.focus();
  location.hash = nameOf(tab);
});

// MARK: Light and dark

const themes = ["system", "light", "dark"];
let theme = 0;
function setTheme(index) {
  theme = index;
  $("theme").textContent = `Theme: ${themes[theme]}`;
  if (theme) document.documentElement.dataset.theme = themes[theme];
  else delete document.documentElement.dataset.theme;
}
setTheme(0);
$("theme").addEventListener("click", () => setTheme((theme + 1) % themes.length));

// MARK: Each second

showState("wait", "Asking the server …", null);
let isBusy = false;
async function turn() {
  // A hidden tab asks nothing; the server keeps what it misses. Nobody asks while the form waits for a login.
  if (isBusy || document.hidden || !$("login").hidden) return;
  isBusy = true;
  await poll();
  isBusy = false;
}
setInterval(turn, 1000);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) log.hide();
  turn();
});
turn();
