"use strict";
const form = document.querySelector(".filters");
const items = [...document.querySelectorAll(".mistakes > li")].map((element) => ({
  element,
  text: element.textContent.toLowerCase(),
  kind: element.dataset.kind,
  label: element.dataset.label,
  flags: element.dataset.flags.split(" "),
}));

function filter() {
  const data = new FormData(form);
  const text = data.get("text").trim().toLowerCase();
  const kind = data.get("kind");
  const label = data.get("label");
  const flags = data.getAll("flag");
  let shown = 0;
  for (const item of items) {
    const fits =
      (!kind || item.kind === kind) &&
      (!label || item.label === label) &&
      flags.every((flag) => item.flags.includes(flag)) &&
      item.text.includes(text);
    item.element.hidden = !fits;
    shown += fits;
  }
  form.querySelector("output").value = `${shown.toLocaleString("en")} shown`;
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
// A browser may restore what was filled in before the page was reloaded.
filter();
