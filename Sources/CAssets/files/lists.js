// The tabs Slow, Followers and Settings: what the server lists.

import { clock, grouped, make, size, time } from "./chart.js";
import { $, choice, empty, plural, shown, some, textOf, update } from "./page.js";

/** What the console lends: `ask` and `reason` for requests, and `status()`, the newest status. */
let about = null;

const table = (name, columns, rows) =>
  make("div", { class: "panel scroll", tabindex: "0", role: "region", "aria-label": name },
    make("table", {}, make("thead", {}, make("tr", {}, ...columns.map((column) => make("th", { scope: "col", class: column.isNumber ? "number" : "" }, column.name)))), make("tbody", {}, ...rows)));
const cell = (text, kind = "") => make("td", { class: kind }, text);

/** Fetches what a tab shows; the reason if it may not. */
async function fetched(path) {
  const answer = await about.ask(path);
  if (answer.ok) return [await answer.json(), null];
  return [null, empty(answer.status === 403 ? "Not for this user" : "The server does not say", await about.reason(answer))];
}

// MARK: Slow

let slowSeen = "";
let slowOrder = "time";
let slow = null;

async function showSlow() {
  const { clients, server } = about.status();
  const wanted = `${server.started} ${clients.slow_requests}`;
  if (slowSeen === wanted) return;
  slowSeen = wanted;
  const [found, problem] = await fetched("/v1/status/slow").catch(() => [null, null]);
  // Without an answer it is asked again; a refusal is not, since each may be recorded in the audit.
  if (!found && !problem) slowSeen = "";
  if (problem) $("panel-slow").replaceChildren(problem);
  if (!found) return;
  slow = found;
  drawSlow();
}

const phases = ["queue", "run", "disk", "replica", "send"];

/** Where the time went, to scale; the numbers are in the columns beside it. */
function phaseBar(request) {
  const bar = make("svg:svg", { class: "phases", viewBox: "0 0 120 10", "aria-hidden": "true" });
  let x = 0;
  for (const [index, phase] of phases.entries()) {
    const width = (request[phase] / (request.total || 1)) * 120;
    if (width > 0.5) bar.append(make("svg:rect", { x, y: index % 2, width: Math.max(width - 1, 0.8), height: 10 - (index % 2) * 2, fill: ["var(--soft)", "var(--c0)", "var(--c1)", "var(--c2)", "var(--c3)"][index] }));
    x += width;
  }
  return bar;
}

/** The time of day; the date too if it was not today. */
function moment(milliseconds) {
  const date = new Date(milliseconds);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? clock(milliseconds) : `${date.toLocaleDateString([], { month: "short", day: "numeric" })}, ${clock(milliseconds)}`;
}

function drawSlow() {
  const limit = slow.threshold_nanoseconds;
  if (!slow.requests.length)
    return $("panel-slow").replaceChildren(
      limit === null
        ? empty("The slow log is off", "slowlog.threshold turns it on, without a restart: CONFIG SET slowlog.threshold 100ms.")
        : empty(`No request took longer than ${time(limit)}`, "Waits for the disk and for followers count. slowlog.threshold sets the limit, without a restart."));
  const requests = [...slow.requests];
  if (slowOrder === "total") requests.sort((a, b) => b.total - a.total);
  const rows = requests.map((request) =>
    make("tr", {}, cell(moment(request.time)),
      make("td", { class: "mono break" }, make("b", {}, request.command), " ", textOf(request, "key"), request.key_bytes > 64 ? "…" : ""),
      cell(time(request.total), "number"), make("td", {}, phaseBar(request)), ...phases.map((phase) => cell(request[phase] ? time(request[phase]) : "–", "number")),
      cell(grouped(request.requests), "number"), make("td", {}, request.client, " ", make("span", { class: "soft" }, request.client_name))));
  const columns = ["Time", "Request", "Took", "Of that", "Queue", "Run", "Disk", "Followers", "Send", "Together", "Client"].map((name, index) => ({ name, isNumber: [2, 4, 5, 6, 7, 8, 9].includes(index) }));
  $("panel-slow").replaceChildren(
    make("div", { class: "tools" },
      make("span", {}, `${plural(slow.total, "request")} longer than ${limit === null ? "the limit" : time(limit)} since the start${slow.total > slow.requests.length ? `; the newest ${slow.requests.length} are kept` : ""}`),
      make("span", { class: "gap" }), choice("slow-order", "Order", [["time", "Newest"], ["total", "Slowest"]], slowOrder, (key) => { slowOrder = key; drawSlow(); $("panel-slow").querySelector(":checked").focus(); })),
    table("Slow requests", columns, rows));
}

// MARK: Followers

function showFollowers() {
  const { leader, followers } = about.status().replication;
  const parts = [];
  if (leader) {
    parts.push(table("The leader", [{ name: "Leader" }, { name: "Link" }, { name: "Newest change there", isNumber: true }, { name: "Changes behind", isNumber: true }, { name: "Behind", isNumber: true }, { name: "Id" }], [
      make("tr", {}, make("th", { scope: "row" }, leader.address ?? "unknown"), make("td", {}, make("span", { class: `badge ${leader.behind_milliseconds === 0 ? "good" : "bad"}` }, leader.state)),
        cell(grouped(leader.seq), "number"), cell(grouped(leader.behind_changes), "number"), cell(some(leader.behind_milliseconds) ? shown(leader.behind_milliseconds) : "–", "number"), cell(leader.id ?? "–", "mono")),
    ]));
  }
  if (followers.length) {
    const columns = [["Follower"], ["State"], ["On its disk", 1], ["Changes behind", 1], ["Bytes to send", 1], ["Behind", 1], ["Heard", 1], ["Sent", 1], ["Id"]].map(([name, isNumber]) => ({ name, isNumber }));
    parts.push(table("Followers", columns, followers.map((one) =>
      make("tr", {}, make("th", { scope: "row" }, one.address), make("td", {}, make("span", { class: `badge ${one.connected ? "good" : "bad"}` }, one.connected ? one.state : `${one.state}: not connected`)),
        cell(grouped(one.acknowledged), "number"), cell(grouped(one.behind_changes), "number"), cell(size(one.behind_bytes), "number"), cell(shown(one.behind_milliseconds), "number"),
        cell(one.connected ? `${shown(one.silent_milliseconds)} ago` : "–", "number"), cell(size(one.sent_bytes), "number"), cell(one.id ?? "–", "mono")))));
  } else if (!leader) parts.push(empty("This server has no followers", "One disk has everything. A second server that runs with --mode follower becomes one by FOLLOWER ADD host:port here; --ack then says what OK waits for."));
  update($("panel-followers"), ...parts);
}

// MARK: Settings

let settings = [];
let settingsAt = 0;

async function showSettings() {
  if (settingsAt === about.status().server.started) return;
  settingsAt = about.status().server.started;
  const [found, problem] = await fetched("/v1/status/settings").catch(() => [null, null]);
  if (problem) $("panel-settings").replaceChildren(problem);
  if (!found && !problem) settingsAt = 0;
  if (!found) return;
  settings = found.settings;
  const filter = make("input", { type: "search", placeholder: "Filter, such as memory", "aria-label": "Filter settings", spellcheck: "false" });
  const changed = make("input", { type: "checkbox" });
  const reload = make("button", { type: "button" }, "Read again");
  const list = make("div", { class: "settings" });
  const draw = () => list.replaceChildren(...settingLists(filter.value.trim().toLowerCase(), changed.checked));
  filter.addEventListener("input", draw);
  changed.addEventListener("change", draw);
  reload.addEventListener("click", () => { settingsAt = 0; showSettings(); });
  $("panel-settings").replaceChildren(make("div", { class: "tools" }, filter, make("label", {}, changed, "Only what differs from its default"), make("span", { class: "gap" }), reload), list);
  draw();
}

function settingLists(words, isChangedOnly) {
  const found = settings.filter((one) => (!isChangedOnly || !one.is_default) && `${one.name} ${one.value} ${one.help}`.toLowerCase().includes(words));
  if (!found.length) return [empty("No setting like that", "Names, values and explanations are looked through.")];
  return [...new Set(found.map((one) => one.name.split(".")[0]))].flatMap((section) => [
    make("h2", {}, section),
    make("ul", { class: "panel" }, ...found.filter((one) => one.name.startsWith(`${section}.`)).map((one) =>
      make("li", {}, make("div", {}, make("h3", { class: "mono" }, one.name), make("p", { class: "soft" }, one.help)),
        make("div", { class: `mono break${one.is_default ? "" : " changed"}` }, one.value),
        make("dl", { class: "soft" }, ...[["default", one.default], ["from", one.origin], ["applies", one.is_live ? "on reload" : "after a restart"]]
          .filter(([name, value]) => !(name === "default" && one.is_default) && !(name === "from" && value === "default"))
          .flatMap(([name, value]) => [make("dt", {}, name), make("dd", { class: "break" }, value)]))))),
  ]);
}

export function setUpLists(lent) {
  about = lent;
  return { slow: showSlow, followers: showFollowers, settings: showSettings };
}
