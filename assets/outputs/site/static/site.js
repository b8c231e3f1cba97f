(() => {
  "use strict";
  const root = document.documentElement;
  // Pages of a folder share no storage, so the language travels in the links.
  const page = /^[^#?:]+\.html/;
  root.dataset.lang = new URLSearchParams(location.search).get("lang") === "en" ? "en" : "zh";

  const wireLanguage = () => {
    const button = document.getElementById("language");
    const titles = { zh: document.title, en: root.dataset.titleEn };
    const speak = (lang) => {
      root.dataset.lang = lang;
      document.title = titles[lang];
      const query = lang === "en" ? "?lang=en" : "";
      for (const link of document.querySelectorAll("a[href]")) {
        const [path, hash] = link.getAttribute("href").replace("?lang=en", "").split("#");
        if (page.test(path)) link.setAttribute("href", path + query + (hash ? "#" + hash : ""));
      }
      try { history.replaceState(null, "", location.pathname + query + location.hash); } catch { /* the page is right all the same */ }
    };
    button.hidden = false;
    button.addEventListener("click", () => speak(root.dataset.lang === "en" ? "zh" : "en"));
    if (root.dataset.lang === "en") speak("en");
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
