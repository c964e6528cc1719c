/* Keeps a page up to date: its regions, as its server sends them.

   The stream is at the page's own address. It is closed while nobody sees the page, for
   a browser has six connections to a server, and each hidden tab would hold one.
   htmx's extension for streams is three times this, and cannot be paused. */
(() => {
  const KEY = "geartrain-live";
  const RETRY = 2000; // milliseconds after a stream that the browser has given up
  const OLD = 5; // seconds from which on the age of the data is said

  const corner = document.getElementById("live");
  const words = document.getElementById("live-text");
  const told = document.getElementById("live-told");
  const button = document.getElementById("live-switch");

  let source = null;
  let timer = 0;
  let problem = "";
  let seen = performance.now();

  function isPaused() {
    try {
      return localStorage.getItem(KEY) === "paused";
    } catch {
      return false;
    }
  }

  function say(state, text) {
    if (corner.dataset.state !== state) {
      corner.dataset.state = state;
      told.textContent = { live: "Updates are live", paused: "Updates are paused", lost: text }[state] ?? "";
    }
    if (words.textContent !== text) words.textContent = text;
  }

  function age() {
    const seconds = Math.round((performance.now() - seen) / 1000);
    if (seconds < OLD) return "";
    if (seconds < 120) return `, as of ${seconds} s ago`;
    return `, as of ${Math.round(seconds / 60)} min ago`;
  }

  function show() {
    if (isPaused()) say("paused", `Paused${age()}`);
    else if (problem) say("lost", `${problem}${age()}`);
    else if (source && source.readyState === EventSource.OPEN) say("live", `Live${age()}`);
    else say(corner.dataset.state === "still" ? "still" : "lost", `Connecting${age()}`);
  }

  async function take(event) {
    const found = JSON.parse(event.data);
    problem = "";
    for (const [name, text] of Object.entries(found.regions)) {
      const region = document.getElementById(`region-${name}`);
      if (region) await geartrainMorph(region, text);
    }
    seen = performance.now();
    show();
    document.dispatchEvent(new Event("geartrain:update"));
  }

  /* Another version of the server has other pages. What is being written stays. */
  function renew(event) {
    const isOther = JSON.parse(event.data).build !== corner.dataset.build;
    const isWriting = document.activeElement?.matches("input, textarea, select");
    if (isOther && !isWriting) location.reload();
  }

  function open() {
    clearTimeout(timer);
    if (source || isPaused() || document.hidden) return;
    source = new EventSource(location.pathname + location.search);
    source.addEventListener("build", renew);
    source.addEventListener("regions", take);
    source.addEventListener("problem", (event) => {
      problem = JSON.parse(event.data).text;
      show();
    });
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) {
        close();
        look();
        timer = setTimeout(open, RETRY);
      }
      show();
    });
  }

  /* Where a login has ended, go to the page that begins another. */
  async function look() {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) location.assign(answer.url);
    } catch {
      // The server is away: it is asked again.
    }
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function follow() {
    button.hidden = false;
    button.textContent = isPaused() ? "Resume" : "Pause";
    if (isPaused() || document.hidden) close();
    else open();
    show();
  }

  button.addEventListener("click", () => {
    try {
      localStorage.setItem(KEY, isPaused() ? "live" : "paused");
    } catch {
      // without storage nothing can be paused
    }
    follow();
  });
  window.addEventListener("storage", follow);
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", follow);
  setInterval(show, 1000);
  follow();
})();
