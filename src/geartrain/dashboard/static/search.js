/* Completes what is typed into the jobs' search: qualifiers, states and functions.

   The list is an ARIA listbox of a combobox: arrows choose, Enter or Tab take, Escape
   closes. Nothing is asked of the server: what is offered came with the page. */
(() => {
  const MOST = 8;
  const field = document.getElementById("q");
  const list = document.getElementById("offers");
  const offers = JSON.parse(field.dataset.offers);
  let shown = [];
  let chosen = -1;

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-autocomplete", "list");

  /* The word before the caret, and where it begins. */
  function word() {
    const before = field.value.slice(0, field.selectionStart);
    const start = before.search(/(?:[A-Za-z]+:)?(?:"[^"]*|[^\s"]*)$/);
    return { start, text: before.slice(start) };
  }

  function quoted(value) {
    return /[\s"\\]/.test(value) ? `"${value.replace(/[\\"]/g, "\\$&")}"` : value;
  }

  function found() {
    const { text } = word();
    const [name, value] = text.includes(":") ? text.split(/:(.*)/s) : [text, null];
    if (value === null) {
      return Object.entries(offers.qualifiers)
        .filter(([each]) => each.startsWith(name.toLowerCase()))
        .map(([each, what]) => ({ text: `${each}:`, note: what }));
    }
    const wanted = value.replace(/^"/, "").toLowerCase();
    return (offers[name.toLowerCase()] ?? [])
      .filter((each) => each.toLowerCase().includes(wanted) && each.toLowerCase() !== wanted)
      .slice(0, MOST)
      .map((each) => ({ text: `${name}:${quoted(each)} `, note: "" }));
  }

  function show() {
    shown = found();
    choose(-1);
    list.replaceChildren(
      ...shown.map((each, place) => {
        const item = document.createElement("li");
        item.id = `offer-${place}`;
        item.setAttribute("role", "option");
        const code = document.createElement("code");
        code.textContent = each.text.trim();
        const note = document.createElement("span");
        note.textContent = each.note;
        item.append(code, note);
        return item;
      }),
    );
    list.hidden = shown.length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
  }

  function choose(place) {
    list.children[chosen]?.removeAttribute("aria-selected");
    chosen = place;
    list.children[chosen]?.setAttribute("aria-selected", "true");
    if (chosen < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `offer-${chosen}`);
  }

  function hide() {
    list.hidden = true;
    choose(-1);
    field.setAttribute("aria-expanded", "false");
  }

  function take(place) {
    const { start } = word();
    const rest = field.value.slice(field.selectionStart);
    const text = field.value.slice(0, start) + shown[place].text;
    field.value = text + rest.trimStart();
    field.setSelectionRange(text.length, text.length);
    field.focus();
    show();
  }

  field.addEventListener("input", show);
  field.addEventListener("click", show);
  field.addEventListener("blur", hide);
  field.addEventListener("keydown", (event) => {
    if (list.hidden) {
      if (event.key === "ArrowDown") show();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      choose((chosen + step + shown.length) % shown.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === "Escape") {
      event.preventDefault();
      hide();
    }
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const item = event.target.closest("li");
    if (item) take([...list.children].indexOf(item));
  });
})();
