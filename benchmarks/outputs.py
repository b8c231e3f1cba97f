"""Makes the outputs of one release and tells what each took: `python -m benchmarks.outputs HOME OUT`.

Prints one line of JSON: seconds of wall time for the site and for all documents, the size of the largest page, and how
many pages a second run wrote again.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from assets import release
from assets.home import Home
from assets.outputs import bundle, documents, site, tables_csv


def main(home: Home, out: Path) -> dict[str, float]:
    """Everything from the released file on: loading the report model counts for both."""
    database = release.database(home)
    loading = time.perf_counter()
    model = bundle.load(home, database)
    loaded = time.perf_counter() - loading
    began = time.perf_counter()
    made = site.write(model, out / "site", release=database.parent)
    site_seconds = loaded + time.perf_counter() - began
    began = time.perf_counter()
    tables_csv.write(database, out / "csv", bundle.CSV_ROWS)
    files = documents.write_all(model, out / "documents")
    document_seconds = loaded + time.perf_counter() - began
    again = site.write(model, out / "site", release=database.parent)
    return {
        "site_seconds": site_seconds,
        "document_seconds": document_seconds,
        "pages": len(made.written),
        "documents": len(files),
        "largest_page": max(path.stat().st_size for path in (out / "site").rglob("*.html")),
        "written_again": len(again.written),
    }


if __name__ == "__main__":
    print(json.dumps(main(Home(Path(sys.argv[1])), Path(sys.argv[2]))))
