/* The header: the theme that was chosen, before anything is painted, and the switch for
   it after; on a phone the page's own tab is where it can be seen. */
(() => {
  const KEY = "geartrain-theme";
  const NEXT = { system: "light", light: "dark", dark: "system" };
  const root = document.documentElement;

  function chosen() {
    try {
      return localStorage.getItem(KEY) ?? "system";
    } catch {
      return "system"; // storage may be forbidden
    }
  }

  function show(theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    const button = document.getElementById("theme-switch");
    if (!button) return;
    button.hidden = false;
    button.title = `Theme: ${theme}`;
    button.setAttribute("aria-label", `Theme: ${theme}`);
  }

  show(chosen());
  document.addEventListener("DOMContentLoaded", () => {
    show(chosen());
    for (const tab of document.querySelectorAll("nav [aria-current]")) {
      tab.scrollIntoView({ block: "nearest", inline: "center" });
    }
    document.getElementById("theme-switch").addEventListener("click", () => {
      const theme = NEXT[chosen()] ?? "system";
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // it holds for this page
      }
      show(theme);
      document.dispatchEvent(new Event("geartrain:theme"));
    });
  });
})();
