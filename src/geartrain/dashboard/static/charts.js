/* Draws what `data-chart` has, and again when that changes. */
(() => {
  const drawn = new WeakMap();
  const UNITS = { "": "", "/s": " a second", s: "", bytes: "" };

  function colour(plot, kind) {
    const probe = document.createElement("i");
    probe.className = kind;
    plot.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }

  function faint(rgb) {
    return rgb.replace("rgb(", "rgba(").replace(")", ", 0.12)");
  }

  function number(value, unit) {
    if (value == null) return "–";
    if (unit === "s") return seconds(value);
    if (unit === "bytes") return bytes(value);
    if (value < 1) return String(+value.toPrecision(2));
    return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
  }

  function seconds(value) {
    if (value < 1) return `${+(1000 * value).toPrecision(2)} ms`;
    if (value < 120) return `${+value.toPrecision(2)} s`;
    if (value < 7200) return `${Math.round(value / 60)} min`;
    return `${Math.round(value / 3600)} h`;
  }

  function bytes(value) {
    for (const unit of ["B", "kB", "MB", "GB"]) {
      if (value < 1000) return `${+value.toPrecision(3)} ${unit}`;
      value /= 1000;
    }
    return `${+value.toPrecision(3)} TB`;
  }

  /* The time of day where the job server is, as everywhere on the page. */
  function clock(chart, time, isLong) {
    const day = isLong ? { weekday: "short" } : {};
    const options = { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" };
    return new Date(1000 * (time + chart.offset)).toLocaleString("en", options);
  }

  /* What uPlot looks at to have its ticks at round times of that day. */
  function local(chart, time) {
    return uPlot.tzDate(new Date(1000 * (time + chart.offset)), "Etc/UTC");
  }

  function data(chart) {
    return [chart.times, ...chart.series.map((each) => each.values)];
  }

  function options(plot, chart, width, height) {
    const line = colour(plot, "line");
    const soft = colour(plot, "soft");
    const font = `12px ${getComputedStyle(plot).fontFamily}`;
    const isLong = chart.times.at(-1) - chart.times[0] > 100000;
    const axis = { stroke: soft, font, ticks: { show: false } };
    return {
      width,
      height,
      padding: [10, null, 0, 0],
      legend: { show: false },
      tzDate: (time) => local(chart, time),
      cursor: { y: false, points: { size: 6 }, drag: { setScale: false, x: false } },
      scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          space: 80,
          values: (_, times) => times.map((each) => clock(chart, each, isLong)),
        },
        {
          ...axis,
          grid: { stroke: line, width: 1 },
          size: 52,
          space: 44,
          values: (_, values) => values.map((each) => number(each, chart.unit)),
        },
      ],
      series: [
        {},
        ...chart.series.map((each) => {
          const stroke = colour(plot, each.kind);
          return {
            label: each.label,
            stroke,
            width: 1.5,
            fill: each.area ? faint(stroke) : undefined,
            points: { show: false },
            spanGaps: true,
          };
        }),
      ],
      hooks: { draw: [(u) => mark(u, plot, soft, font)], setCursor: [(u) => tip(u, plot)] },
    };
  }

  /* Dashed lines where something began or ended. */
  function mark(u, plot, stroke, font) {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = stroke;
    ctx.font = font.replace("12px", `${11 * ratio}px`);
    ctx.textAlign = "left";
    ctx.textBaseline = "top";
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    let free = -Infinity;
    for (const each of drawn.get(plot)?.chart.marks ?? []) {
      const x = u.valToPos(each.time, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const width = ctx.measureText(each.label).width;
      const isRight = x + width + 8 * ratio > bbox.left + bbox.width;
      const left = isRight ? x - width - 5 * ratio : x + 5 * ratio;
      if (left < free) continue;
      ctx.fillText(each.label, left, bbox.top);
      free = left + width + 8 * ratio;
    }
    ctx.restore();
  }

  function tip(u, plot) {
    const { chart, note } = drawn.get(plot) ?? {};
    if (!note) return;
    const index = u.cursor.idx;
    note.hidden = index == null || u.cursor.left < 0;
    if (note.hidden) return;
    const lines = chart.series.map(
      (each) => `${number(each.values[index], chart.unit)}${UNITS[chart.unit]} ${each.label}`,
    );
    note.textContent = [clock(chart, chart.times[index], true), ...lines].join("\n");
    const x = u.cursor.left + u.bbox.left / devicePixelRatio;
    const isRight = x + note.offsetWidth + 12 > plot.clientWidth;
    note.style.left = `${isRight ? x - note.offsetWidth - 8 : x + 8}px`;
  }

  function draw(plot) {
    const text = plot.dataset.chart;
    const before = drawn.get(plot);
    if (before?.text === text && before.width === plot.clientWidth) return;
    const chart = JSON.parse(text);
    const width = plot.clientWidth;
    if (before && before.width === width && before.count === chart.series.length) {
      Object.assign(before, { text, chart });
      before.u.setData(data(chart));
    } else {
      before?.u.destroy();
      const place = plot.querySelector(".drawn");
      place.replaceChildren();
      const note = document.createElement("div");
      note.className = "tip";
      note.hidden = true;
      drawn.set(plot, { text, chart, width, note, count: chart.series.length });
      const u = new uPlot(options(plot, chart, width, plot.clientHeight), data(chart), place);
      place.append(note);
      drawn.get(plot).u = u;
    }
    list(plot.parentElement, chart);
  }

  /* The same as a table, once it is opened. */
  function list(figure, chart) {
    const details = figure.querySelector(".as-table");
    if (!details?.open) return;
    const isLong = chart.times.at(-1) - chart.times[0] > 100000;
    const table = document.createElement("table");
    row(table.createTHead(), "th", ["Time", ...chart.series.map((each) => each.label)]);
    const body = table.createTBody();
    chart.times.forEach((time, index) => {
      const values = chart.series.map((each) => number(each.values[index], chart.unit));
      row(body, "td", [clock(chart, time, isLong), ...values]);
    });
    details.querySelector(".table").replaceChildren(table);
  }

  function row(part, tag, texts) {
    const line = part.insertRow();
    for (const text of texts) {
      const cell = document.createElement(tag);
      if (tag === "th") cell.scope = "col";
      cell.textContent = text;
      line.append(cell);
    }
  }

  function drawAll() {
    for (const plot of document.querySelectorAll("[data-chart]")) draw(plot);
  }

  function drawAnew() {
    for (const plot of document.querySelectorAll("[data-chart]")) {
      drawn.get(plot)?.u.destroy();
      drawn.delete(plot);
    }
    drawAll();
  }

  document.addEventListener("geartrain:update", drawAll);
  document.addEventListener("geartrain:theme", drawAnew);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAnew);
  window.addEventListener("resize", drawAll);
  document.addEventListener("toggle", (event) => {
    const plot = event.target.closest?.(".chart")?.querySelector("[data-chart]");
    if (plot) list(plot.parentElement, drawn.get(plot).chart);
  }, true);
  drawAll();
})();
