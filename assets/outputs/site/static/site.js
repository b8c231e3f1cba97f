(() => {
  "use strict";
  const root = document.documentElement;
  // A page from a folder may be refused its storage: the switch then holds for this page only.
  const memory = {
    get() { try { return localStorage.getItem("landstock-lang"); } catch { return null; } },
    set(lang) { try { localStorage.setItem("landstock-lang", lang); } catch { /* this page only */ } },
  };
  const speak = (lang) => { root.dataset.lang = lang === "en" ? "en" : "zh"; };
  speak(memory.get());

  const wireLanguage = () => {
    const button = document.getElementById("language");
    const titles = { zh: document.title, en: root.dataset.titleEn };
    const retitle = () => { document.title = titles[root.dataset.lang]; };
    button.hidden = false;
    button.addEventListener("click", () => {
      speak(root.dataset.lang === "en" ? "zh" : "en");
      memory.set(root.dataset.lang);
      retitle();
    });
    retitle();
  };

  const key = (row, column, numeric) => {
    const cell = row.cells[column];
    if (!numeric) return cell.textContent.trim();
    return cell.dataset.v === undefined || cell.dataset.v === "" ? null : Number(cell.dataset.v);
  };

  const sort = (table, header, numeric) => {
    const down = header.getAttribute("aria-sort") === "ascending"
      || (numeric && !header.hasAttribute("aria-sort"));
    const sign = down ? -1 : 1;
    const column = header.cellIndex;
    const body = table.tBodies[table.tBodies.length - 1];
    const rows = [...body.rows].map((row) => [key(row, column, numeric), row]);
    // What has no value stands last whichever way the column is sorted.
    rows.sort(([a], [b]) => (a === null) - (b === null)
      || sign * (numeric ? a - b : a.localeCompare(b, "zh-CN", { numeric: true })));
    body.append(...rows.map(([, row]) => row));
    for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
  };

  const wireTable = (table) => {
    for (const header of table.tHead.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(table, header, header.dataset.sort === "number"));
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    wireLanguage();
    document.querySelectorAll("table.sortable").forEach(wireTable);
  });
})();
