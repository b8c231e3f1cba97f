#!/usr/bin/env bash
# What the tests of pages and documents need besides Python: Chromium, a Chinese font, pdftotext. Safe to repeat.
# Installs them where packages can be installed; elsewhere says what is missing, and those tests are skipped.
set -euo pipefail

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
  missing+=(chromium)
[ -n "$(fc-list :lang=zh 2>/dev/null)" ] || missing+=(fonts-noto-cjk)
command -v pdftotext >/dev/null || missing+=(poppler-utils)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]} for the tests of pages and documents" >&2
  wait=(-o DPkg::Lock::Timeout=300)
  apt-get "${wait[@]}" update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get "${wait[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null &&
    exit 0
fi

echo "MISSING: ${missing[*]}. The tests that need them are skipped. As root: apt-get install ${missing[*]}" >&2
# Root in CI can install: there a missing browser is an error, never a silent skip.
[ "${CI:-}" != true ] || [ "$(id -u)" != 0 ] || exit 3
