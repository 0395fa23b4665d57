#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the version: that of the file VERSION, and in a git checkout the commit as well, with
# "-dirty" if it has changes. version.sh SOURCE

set -eu
version=$(cat "$1/VERSION")
if [ -e "$1/.git" ] && commit=$(git -C "$1" rev-parse --short=10 HEAD 2>/dev/null); then
	tag=$(git -C "$1" describe --tags --exact-match 2>/dev/null || true)
	[ "$tag" = "v$version" ] || version=$version-g$commit
	git -C "$1" diff-index --quiet HEAD -- 2>/dev/null || version=$version-dirty
fi
echo "$version"
