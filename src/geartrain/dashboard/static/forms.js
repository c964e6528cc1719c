/* Forms that have an action done: what they ask first is asked in a dialog, and the
   page changes in place. Without this script they are sent as any form, and the same
   question is a page. */
(() => {
  const dialog = document.getElementById("dialog");
  const HTML = "text/html";

  async function send(form, button) {
    const data = new URLSearchParams(new FormData(form, button));
    const action = button?.hasAttribute("formaction") ? button.formAction : form.action;
    const answer = await fetch(action, {
      method: "POST",
      body: data,
      headers: { Accept: HTML, "Geartrain-Script": "yes" },
    });
    return { text: await answer.text(), page: answer.headers.get("Geartrain-Page") };
  }

  /* Show the part of a page that a selector names. */
  function show(element, text, selector) {
    return htmx.swap({
      text,
      target: element,
      sourceElement: element,
      select: selector,
      swap: selector === "main" ? "outerMorph" : "innerHTML",
    });
  }

  async function submit(event) {
    const form = event.target;
    if (form.method !== "post" || "plain" in form.dataset || form.enctype !== "application/x-www-form-urlencoded") return;
    event.preventDefault();
    if (form.classList.contains("htmx-request")) return;
    form.classList.add("htmx-request");
    try {
      const { text, page } = await send(form, event.submitter);
      if (page) await leave(page);
      else await ask(text);
    } catch {
      dialog.close();
      tell("The server cannot be reached. Nothing is known of what was asked for.");
    } finally {
      form.classList.remove("htmx-request");
    }
  }

  async function ask(text) {
    await show(dialog, text, "#asked, .blank");
    if (!dialog.open) dialog.showModal();
  }

  /* Go on to the page that follows: in place if it is this one. Whichever is asked for
     next shows the message. */
  async function leave(page) {
    dialog.close();
    const url = new URL(page, location.href);
    if (whole(url) !== whole(location)) {
      location.assign(url);
      return;
    }
    const answer = await fetch(url, { headers: { Accept: HTML } });
    await show(document.getElementById("main"), await answer.text(), "main");
    document.dispatchEvent(new Event("geartrain:page"));
  }

  /* An address however its query is encoded. */
  function whole({ pathname, search }) {
    return JSON.stringify([pathname, ...new URLSearchParams(search)]);
  }

  function tell(text) {
    const line = document.createElement("p");
    line.className = "message failed";
    line.textContent = text;
    document.getElementById("message").replaceChildren(line);
  }

  dialog.addEventListener("click", (event) => {
    const isOutside = event.target === dialog && event.detail > 0 && !inside(event);
    if (!isOutside && !event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });

  function inside(event) {
    const box = dialog.getBoundingClientRect();
    return (
      event.clientX >= box.left && event.clientX <= box.right &&
      event.clientY >= box.top && event.clientY <= box.bottom
    );
  }

  /* The box in a table's header chooses all on the page. */
  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.all;
    if (!name) return;
    const table = event.target.closest("table");
    for (const box of table.querySelectorAll(`input[name="~${CSS.escape(name)}"]`)) {
      box.checked = event.target.checked;
    }
  });

  document.addEventListener("submit", submit);
})();
