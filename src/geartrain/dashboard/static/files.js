/* Submits a file as a workload: its bytes go to the API as they are, of any size. */
(() => {
  const form = document.getElementById("submit");
  const file = document.getElementById("file");
  if (!form) return;
  document.getElementById("file-row").hidden = false;

  function address() {
    const name = encodeURIComponent(form.elements.function.value);
    const query = new URLSearchParams({ priority: form.elements.priority.value });
    for (const each of ["unique", "delay"]) {
      if (form.elements[each].value) query.set(each, form.elements[each].value);
    }
    return `${file.dataset.submit}/${name}/jobs?${query}`;
  }

  function tell(text) {
    const line = document.createElement("p");
    line.className = "message failed";
    line.textContent = text;
    document.getElementById("message").replaceChildren(line);
  }

  form.addEventListener("submit", async (event) => {
    if (!file.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    form.classList.add("htmx-request");
    try {
      const answer = await fetch(address(), { method: "POST", body: file.files[0] });
      const told = await answer.json();
      if (answer.ok) location.assign(`${file.dataset.jobs}/${encodeURIComponent(told.handle)}`);
      else tell(told.detail);
    } catch {
      tell("The file could not be sent: the server cannot be reached.");
    } finally {
      form.classList.remove("htmx-request");
    }
  });
})();
