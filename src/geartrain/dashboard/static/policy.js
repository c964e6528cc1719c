/* The field that finds a setting of a policy: only those with what is typed in their
   names or meanings stay, and their groups open. Without scripts there is no field. */
(() => {
  function shownRows(group, wanted) {
    let shown = 0;
    for (const row of group.querySelectorAll("tbody tr")) {
      const text = row.cells[0].textContent.toLowerCase();
      row.hidden = !text.includes(wanted);
      if (!row.hidden) shown += 1;
    }
    return shown;
  }

  /* What was open before something was looked for is open after it. */
  function fold(group, isFinding) {
    if (isFinding) {
      group.dataset.before ??= String(group.open);
      group.open = true;
    } else if (group.dataset.before) {
      group.open = group.dataset.before === "true";
      delete group.dataset.before;
    }
  }

  function find() {
    const field = document.getElementById("find-setting");
    if (!field) return;
    field.hidden = false;
    const wanted = field.value.trim().toLowerCase();
    let shown = 0;
    for (const group of document.querySelectorAll(".policy .group")) {
      const found = shownRows(group, wanted);
      group.hidden = found === 0;
      fold(group, wanted !== "");
      shown += found;
    }
    document.getElementById("no-setting").hidden = shown > 0;
  }

  document.addEventListener("input", (event) => {
    if (event.target.id === "find-setting") find();
  });
  document.addEventListener("geartrain:page", find);
  find();
})();
