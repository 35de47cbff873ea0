// Charts of the last 15 minutes: SVG, without a library. The functions above the element are pure; Tests/Console tests them.

/** The samples that a chart shows: one a second. */
export const span = 900;

// MARK: Numbers

const trimmed = (value, digits) => Number(value.toFixed(digits)).toString();
/** Three significant digits: 1.23, 12.3, 123. */
const short = (value) => trimmed(value, value < 10 ? 2 : value < 100 ? 1 : 0);

/** 1234567 as 1,234,567. */
export const grouped = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");

/** A number of things: 950, 12,300, 1.23 M. */
export function count(value) {
  if (value < 1e6) return value < 10 && !Number.isInteger(value) ? trimmed(value, 1) : grouped(value);
  return value < 1e9 ? `${short(value / 1e6)} M` : `${short(value / 1e9)} G`;
}

/** Nanoseconds: 850 ns, 12.3 µs, 4.56 ms, 1.2 s, 3 min. */
export function time(value) {
  if (value < 1e3) return `${Math.round(value)} ns`;
  if (value < 1e6) return `${short(value / 1e3)} µs`;
  if (value < 1e9) return `${short(value / 1e6)} ms`;
  if (value < 120e9) return `${short(value / 1e9)} s`;
  if (value < 7200e9) return `${Math.round(value / 60e9)} min`;
  return value < 172800e9 ? `${Math.round(value / 3600e9)} h` : `${Math.round(value / 86400e9)} days`;
}

/** Bytes: 512 B, 1.5 KiB, 18 GiB. */
export function size(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  while (value >= 1024 && unit < 5) [value, unit] = [value / 1024, unit + 1];
  return `${unit ? short(value) : Math.round(value)} ${units[unit]}`;
}

// MARK: Scales

/** The step of a linear axis to `max` with at most `most` steps: 1, 2 or 5 times a power of `base`, which is 10, or 1024 for bytes. */
export function step(max, most, base = 10) {
  const rough = max / most;
  if (!(rough > 0)) return 1;
  if (base === 1024) {
    const unit = 1024 ** Math.max(Math.floor(Math.log(rough) / Math.log(1024)), 0);
    const inside = step(max / unit, most);
    return unit * (inside < 1000 ? inside : 1024);
  }
  const power = 10 ** Math.floor(Math.log10(rough) + 1e-9);
  return [1, 2, 5, 10].find((digit) => digit * power >= rough * (1 - 1e-9)) * power;
}

/** A linear axis from 0 to `max` or a little more. */
export function linear(max, base = 10) {
  const each = step(max > 0 ? max : 1, 3, base);
  const top = Math.max(Math.ceil((max || 0) / each - 1e-9), 1) * each;
  const ticks = Array.from({ length: Math.round(top / each) }, (_, index) => (index + 1) * each);
  return { top, ticks, at: (value) => value / top };
}

/** A logarithmic axis of whole decades around the values. */
export function logarithmic(min, max) {
  const low = Math.floor(Math.log10(min > 0 ? min : 1e3) + 1e-9);
  const high = Math.max(Math.ceil(Math.log10(max > 0 ? max : 1e6) - 1e-9), low + 1);
  const every = Math.ceil((high - low) / 4);
  const ticks = [];
  for (let power = low + every; power <= high; power += every) ticks.push(10 ** power);
  return { top: 10 ** high, ticks, at: (value) => Math.max((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low), 0) };
}

// MARK: Lines

/**
 * Joins samples to at most `most` points, so that a line is calm and no peak is lost: each has the mean, the least and the largest of its
 * samples. Groups begin at multiples of their size, so they do not change while samples move through the chart.
 * @param values numbers, or null for seconds without one
 * @param first the number of the first sample
 */
export function joined(values, first, most) {
  const each = Math.max(Math.ceil(values.length / most), 1);
  const points = [];
  for (let start = -(first % each); start < values.length; start += each) {
    const group = values.slice(Math.max(start, 0), start + each).filter((value) => value !== null && value !== undefined);
    const middle = Math.min(Math.max(start + (each - 1) / 2, 0), values.length - 1);
    if (!group.length) points.push(null);
    else points.push({ at: middle, mean: group.reduce((a, b) => a + b) / group.length, low: Math.min(...group), high: Math.max(...group) });
  }
  return points;
}

const rounded = (value) => Math.round(value * 10) / 10;

/** The line through the means, and the band from the least to the largest values, as SVG paths. A gap ends both. */
export function paths(points, x, y) {
  let line = "";
  let band = "";
  const runs = [[]];
  for (const point of points) point ? runs.at(-1).push(point) : runs.push([]);
  for (const run of runs.filter((run) => run.length)) {
    line += run.map((point, index) => `${index ? "L" : "M"}${rounded(x(point.at))} ${rounded(y(point.mean))}`).join("");
    if (run.length === 1) line += "h1.5";
    const top = run.map((point) => `${rounded(x(point.at))} ${rounded(y(point.high))}`);
    const bottom = run.map((point) => `${rounded(x(point.at))} ${rounded(y(point.low))}`).reverse();
    band += `M${[...top, ...bottom].join("L")}Z`;
  }
  return { line, band };
}

/** Rows of a table: the newest first, each the mean of `each` seconds. */
export function rows(series, samples, newest, each) {
  const found = [];
  for (let end = samples.length; end > 0; end -= each) {
    const group = samples.slice(Math.max(end - each, 0), end);
    const values = series.map((one) => {
      const own = group.map(one.value).filter((value) => value !== null && value !== undefined);
      return own.length ? own.reduce((a, b) => a + b) / own.length : null;
    });
    found.push({ time: newest - (samples.length - end) * 1000, values });
  }
  return found;
}

/** Unix milliseconds as 20:15:03. */
export const clock = (milliseconds) => new Date(milliseconds).toTimeString().slice(0, 8);

// MARK: The element

export const make = (name, attributes = {}, ...children) => {
  const element = name.startsWith("svg:") ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

const height = 112;
const margin = { top: 8, bottom: 18, left: 50 };

/** A chart. `spec` says what it shows; `show` gives it samples. */
const Chart = globalThis.HTMLElement && class extends HTMLElement {
  /** @param spec { title, series: [{ name, value(sample) }], format, isLogarithmic, base } */
  setUp(spec) {
    this.spec = spec;
    this.samples = [];
    this.svg = make("svg:svg", { "aria-hidden": "true", height });
    this.plot = make("div", { class: "plot", role: "slider", tabindex: "0", "aria-label": `${spec.title}, over time`, "aria-valuemin": -span + 1, "aria-valuemax": 0 }, this.svg);
    this.values = spec.series.map(() => make("b"));
    const legend = spec.series.map((one, index) =>
      make("li", {}, make("svg:svg", { class: "swatch", width: 18, height: 6, "aria-hidden": "true" }, make("svg:path", { class: `line s${index}`, d: "M0 3H18" })), make("span", {}, one.name), this.values[index]));
    this.when = make("span", { class: "when" });
    this.button = make("button", { type: "button", class: "quiet", "aria-expanded": "false", "aria-label": `Table: ${spec.title}` }, "Table");
    this.table = make("div", { class: "scroll chart-table", hidden: "", tabindex: "0", role: "region", "aria-label": `${spec.title}: table` });
    this.append(
      make("div", { class: "chart-head" }, make("h3", {}, spec.title), this.when, this.button),
      make("ul", { class: `legend${spec.series.length === 1 ? " only" : ""}` }, ...legend), this.plot, this.table);
    this.button.addEventListener("click", () => {
      this.table.hidden = !this.table.hidden;
      this.button.setAttribute("aria-expanded", String(!this.table.hidden));
      this.drawTable();
    });
    this.plot.addEventListener("pointermove", (event) => this.point(event.clientX));
    this.plot.addEventListener("pointerdown", (event) => this.point(event.clientX));
    this.plot.addEventListener("pointerleave", () => this.choose(null));
    this.plot.addEventListener("blur", () => this.choose(null));
    this.plot.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  /**
   * @param samples up to `span`, the oldest first
   * @param first the number of the first
   * @param newest the time of the last, in Unix milliseconds
   */
  show(samples, first, newest) {
    Object.assign(this, { samples, first, newest });
    this.draw();
    // A table that is being read does not move.
    if (!this.table.contains(document.activeElement) && !this.table.matches(":hover")) this.drawTable();
  }

  /** Shows the values of a moment: seconds before the newest sample, or null for the newest. */
  cross(age) {
    this.age = age;
    this.draw();
  }

  choose(age) {
    this.dispatchEvent(new CustomEvent("cross", { detail: age, bubbles: true }));
  }

  point(x) {
    const box = this.plot.getBoundingClientRect();
    const age = Math.round(((box.right - x) / (box.width - margin.left)) * (span - 1));
    this.choose(Math.min(Math.max(age, 0), Math.max(this.samples.length - 1, 0)));
  }

  press(event) {
    const oldest = Math.max(this.samples.length - 1, 0);
    const now = this.age ?? 0;
    const next = { ArrowLeft: now + 1, ArrowRight: now - 1, PageUp: now + 60, PageDown: now - 60, Home: oldest, End: 0, Escape: null }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.choose(next === null ? null : Math.min(Math.max(next, 0), oldest));
  }

  draw() {
    const width = this.plot.clientWidth;
    const { spec, samples } = this;
    if (!width || !samples) return;
    const columns = spec.series.map((one) => samples.map(one.value));
    const all = columns.flat().filter((value) => value !== null && value !== undefined);
    const [low, high] = [all.reduce((a, b) => Math.min(a, b), Infinity), all.reduce((a, b) => Math.max(a, b), 0)];
    const scale = spec.isLogarithmic ? logarithmic(low === Infinity ? 0 : low, high) : linear(Math.max(high, spec.least ?? 0), spec.base);
    const x = (index) => margin.left + ((index + span - samples.length) / (span - 1)) * (width - margin.left);
    const y = (value) => height - margin.bottom - scale.at(value) * (height - margin.bottom - margin.top);
    const parts = [];
    for (const tick of [0, ...scale.ticks]) {
      const place = tick ? Math.round(y(tick)) + 0.5 : height - margin.bottom + 0.5;
      parts.push(make("svg:path", { class: tick ? "grid" : "axis", d: `M${margin.left} ${place}H${width}` }));
      if (tick) parts.push(make("svg:text", { x: margin.left - 6, y: place + 3.5, "text-anchor": "end" }, spec.format(tick)));
    }
    for (const [minutes, anchor] of [[15, "start"], [10, "middle"], [5, "middle"], [0, "end"]]) {
      const place = margin.left + (width - margin.left) * (1 - minutes / 15);
      if (minutes % 15) parts.push(make("svg:path", { class: "axis", d: `M${Math.round(place) + 0.5} ${height - margin.bottom}v4` }));
      if (minutes % 10 === 5 || minutes === 0 || width > 320) parts.push(make("svg:text", { x: place, y: height - 3, "text-anchor": anchor }, minutes ? `−${minutes} min` : "now"));
    }
    columns.forEach((values, index) => {
      const { line, band } = paths(joined(values, this.first ?? 0, Math.max(width / 2, 60)), x, y);
      parts.push(make("svg:path", { class: `band s${index}`, d: band }), make("svg:path", { class: `line s${index}`, d: line }));
    });
    this.drawCross(parts, columns, x, y);
    this.svg.setAttribute("width", width);
    this.svg.replaceChildren(...parts);
  }

  drawCross(parts, columns, x, y) {
    const { spec, samples } = this;
    const isChosen = this.age !== null && this.age !== undefined && samples.length > 0;
    const index = samples.length - 1 - (isChosen ? Math.min(this.age, samples.length - 1) : 0);
    const texts = columns.map((values) => (values[index] === null || values[index] === undefined ? "–" : spec.format(values[index])));
    texts.forEach((text, number) => (this.values[number].textContent = text));
    this.when.textContent = isChosen ? clock(this.newest - (samples.length - 1 - index) * 1000) : "";
    this.plot.setAttribute("aria-valuenow", String(index - samples.length + 1));
    this.plot.setAttribute("aria-valuetext", `${this.when.textContent || "now"}: ${spec.series.map((one, number) => `${one.name} ${texts[number]}`).join(", ")}`);
    if (!isChosen) return;
    parts.push(make("svg:path", { class: "cross", d: `M${rounded(x(index))} ${margin.top - 4}V${height - margin.bottom}` }));
    columns.forEach((values, number) => {
      if (values[index] !== null && values[index] !== undefined) parts.push(make("svg:circle", { class: `dot s${number}`, cx: rounded(x(index)), cy: rounded(y(values[index])), r: 3 }));
    });
  }

  drawTable() {
    if (this.table.hidden) return this.table.replaceChildren();
    const { spec } = this;
    const head = make("tr", {}, ...["15 s until", ...spec.series.map((one) => one.name)].map((name, index) => make("th", { scope: "col", class: index ? "number" : "" }, name)));
    const body = rows(spec.series, this.samples, this.newest, 15).map((row) =>
      make("tr", {}, make("th", { scope: "row" }, clock(row.time)), ...row.values.map((value) => make("td", { class: "number" }, value === null ? "–" : spec.format(value)))));
    this.table.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
  }
};

if (Chart) customElements.define("puffin-chart", Chart);
