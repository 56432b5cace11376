# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages, in order. Each is a function whose docstring is its heading."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import yaml

from .bench import Bench, Done
from .site import complete_site
from .staging import BUILD, HOME, prepare_pip
from .tally import Tally, from_integration, from_junit

Stage = Callable[[Bench], Tally]

PYTHON = Path(sys.executable)
RUNNING_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def sanity(bench: Bench) -> Tally:
    """ansible-test sanity, nothing ignored"""
    prepare_pip()
    junit = bench.collection / "tests" / "output" / "junit"
    ignored = [
        f"{file.name}: {line}"
        for file in sorted(bench.collection.glob("tests/sanity/ignore-*.txt"))
        for line in file.read_text("utf-8").splitlines()
    ]
    return bench.expect("no entries in tests/sanity/ignore-*.txt", ignored) + bench.check(
        "ansible-test sanity",
        *_ansible_test(bench, "sanity", "--junit", *(("--test", bench.only) if bench.only else ())),
        judge=lambda done: _unless_skipped(done, from_junit(junit.glob("ansible-test-sanity-*.xml"))),
    )


def types(bench: Bench) -> Tally:
    """mypy --strict on the plugins and on the test machinery"""
    mypy = (bench.tool("mypy"), "--config-file", bench.collection / "pyproject.toml", "--cache-dir", BUILD / "mypy")
    plugins = ("--explicit-package-bases", bench.collection.relative_to(BUILD) / "plugins")
    return bench.check("mypy plugins", *mypy, *plugins, cwd=BUILD, env={"MYPYPATH": "."}) + bench.check(
        "mypy tests",
        *mypy,
        "-p",
        "suite",
        "-p",
        "n8n_server",
        "-p",
        "bench",
        "-p",
        "reporting",
        "-p",
        "documents",
        "-p",
        "diagram",
        cwd=bench.collection / "tests",
        env={"MYPYPATH": str(BUILD)},
    )


def units(bench: Bench) -> Tally:
    """pytest on tests/unit, with the coverage of the plugins"""
    return _pytest(bench, "tests/unit", "--cov=plugins", "--cov-report=term-missing:skip-covered", show="^TOTAL")


def lint(bench: Bench) -> Tally:
    """ansible-lint, profile production, the format of Python, and which part imports which"""
    formatted = ("--check", "--quiet", "plugins", "tests", "demo")
    contracts = (bench.tool("lint-imports"), bench.collection / "pyproject.toml", "--no-cache")
    return (
        bench.check("ansible-lint", bench.tool("ansible-lint"), "--offline")
        + bench.check("black", bench.tool("black"), *formatted)
        + bench.check("import-linter", *contracts, cwd=BUILD, env={"PYTHONPATH": "."})
    )


def docs(bench: Bench) -> Tally:
    """documentation and changelog: valid, and rendered as a site in .build/docs/html without a warning"""
    antsibull, site, name = bench.tool("antsibull-docs"), BUILD / "docs", "lifecycle.n8n"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(mode=0o755, parents=True)
    lint_docs = ("lint-collection-docs", "--plugin-docs", "--validate-collection-refs=self", ".")
    to_rst = ("--use-current", "--fail-on-error", "--squash-hierarchy", "--dest-dir")
    titles = ("--project", name, "--title", f"Documentation of {name}", "--copyright", f"{name} contributors")
    sphinx = (PYTHON, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", site, "-D", "nitpicky=0")
    importable = {"PYTHONPATH": os.pathsep.join((str(BUILD), str(bench.collection / "tests")))}
    tally = (
        bench.check("antsibull-docs lint-collection-docs", antsibull, *lint_docs)
        + bench.check("antsibull-changelog lint", bench.tool("antsibull-changelog"), "lint")
        + bench.check("diagram of the packages", PYTHON, "-m", "diagram", "--check", env=importable)
        + bench.check("sphinx configuration", antsibull, "sphinx-init", *titles, *to_rst, site, name)
        + bench.check("reference and guides", antsibull, "collection", *to_rst, site / "rst", name)
    )
    complete_site(site, bench.collection)
    return tally + bench.check("html", *sphinx, site / "rst", site / "html")


def build(bench: Bench) -> Tally:
    """the tarball: built, imported as Galaxy would, installed without a network"""
    dist, installed = BUILD / "dist", BUILD / "installed"
    for folder in (dist, installed):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    galaxy = bench.tool("ansible-galaxy")
    tally = bench.check("ansible-galaxy collection build", galaxy, "collection", "build", "--output-path", dist)
    for tarball in dist.glob("*.tar.gz"):
        importer = (PYTHON, "-m", "galaxy_importer.main", tarball)
        # By force, as the staged copy is of the same version, and galaxy would be content with that.
        install = (galaxy, "collection", "install", "--offline", "--force", tarball, "-p", installed)
        tally += bench.expect("the tarball is free of the test server", _test_server_in(tarball))
        tally += bench.check("galaxy-importer", *importer, cwd=dist)
        tally += bench.check("ansible-galaxy collection install --offline", *install)
        manifest = installed / "ansible_collections" / "lifecycle" / "n8n" / "MANIFEST.json"
        tally += bench.expect("the installed collection is there", () if manifest.is_file() else [str(manifest)])
    return tally


def server(bench: Bench) -> Tally:
    """n8n: installed (some 6 minutes, once per machine) and started"""
    database = "PostgreSQL" if bench.postgres else "SQLite"
    return bench.expect(f"n8n {bench.lock.name} on {database} runs at {bench.start_n8n()}", ())


def integration(bench: Bench) -> Tally:
    """ansible-test integration: the modules and plugins against the real n8n"""
    variables = {name.lower(): value for name, value in bench.fresh_n8n().environment().items()}
    # ansible-test lets no environment through; this file, in the staged copy alone, becomes extra variables.
    config = bench.collection / "tests" / "integration" / "integration_config.yml"
    config.write_text(yaml.safe_dump(variables), encoding="utf-8")
    data = bench.collection / "tests" / "output" / "data"
    return bench.check(
        "ansible-test integration",
        *_ansible_test(bench, "integration", "--continue-on-error", *([bench.only] if bench.only else [])),
        judge=lambda done: _unless_skipped(done, from_integration(data, done.output)),
        show=r"^Running \S+ integration test",
    )


def real(bench: Bench) -> Tally:
    """pytest on tests/real: what the collection believes of n8n, asked of the real n8n"""
    return _pytest(bench, "tests/real", env=bench.fresh_n8n().environment())


def molecule(bench: Bench) -> Tally:
    """the roles, in the scenarios of Molecule, against the real n8n"""
    tally = Tally()
    # Molecule keeps there what it has prepared, and would not prepare it again on an n8n that is empty once more.
    shutil.rmtree(HOME / ".ansible" / "tmp", ignore_errors=True)
    for scenario in sorted(bench.collection.glob("extensions/molecule/*/molecule.yml")):
        name = scenario.parent.name
        if bench.only not in ("", name):
            continue
        command = (bench.tool("molecule"), "test", "--scenario-name", name)
        env = bench.fresh_n8n().environment()
        tally += bench.check(name, *command, env=env, judge=_if_hosts_matched)
    return tally


def demo(bench: Bench) -> Tally:
    """the demo, with an n8n that it starts itself"""
    return bench.check("demo", PYTHON, "demo/run.py", env={"PYTHONPATH": str(bench.collection / "tests")})


def database(bench: Bench) -> Tally:
    """pytest on those of tests/real that depend on the database of n8n"""
    env = bench.fresh_n8n().environment()
    return _pytest(bench, "tests/real", "-m", "database", "--durations=5", env=env, show=r"s call ")


def browser(bench: Bench) -> Tally:
    """pytest on tests/browser: the report in a real browser"""
    return _pytest(
        bench, "tests/browser", "-rP", env=bench.fresh_n8n().environment(), show=r" in \d[\d.]* s|contrast|of PDF$"
    )


def ldap(bench: Bench) -> Tally:
    """pytest on tests/slapd: n8n follows a real directory"""
    return _pytest(bench, "tests/slapd", env=bench.fresh_n8n().environment())


STAGES: dict[str, Stage] = {
    stage.__name__: stage
    for stage in (
        sanity,
        types,
        units,
        lint,
        docs,
        build,
        server,
        integration,
        real,
        molecule,
        demo,
        browser,
        ldap,
        database,
    )
}
NEED_SERVER = {stage.__name__ for stage in (integration, real, molecule, browser, ldap, database)}
# Of these, one test can be run alone.
HAVE_NAMED_TESTS = {sanity.__name__, units.__name__, *NEED_SERVER}
# These run where they are named, as they need more than the others do.
ON_REQUEST = {
    browser.__name__: "The browser tests are no part of this and were not run: `make test-browser` runs them.",
    ldap.__name__: "The tests with a directory are no part of this and were not run: `make test-ldap` runs them.",
    database.__name__: "PostgreSQL is no part of this and was not tested: `make test-postgres` tests it.",
}


def _ansible_test(bench: Bench, *words: str) -> tuple[str | Path, ...]:
    return (bench.tool("ansible-test"), *words, "--local", "--python", RUNNING_PYTHON, "--color", "no")


def _unless_skipped(done: Done, tally: Tally) -> Tally:
    """ansible-test ends with 0 when it found nothing to test."""
    return Tally(failed=1) if "All targets skipped" in done.output else tally


def _if_hosts_matched(done: Done) -> Tally:
    """A play that found no host does nothing and ends with 0."""
    return Tally(failed=1) if done.code or "no hosts matched" in done.output else Tally(passed=1)


def _pytest(bench: Bench, folder: str, *words: str, env: dict[str, str] | None = None, show: str = r"(?!)") -> Tally:
    junit = BUILD / "junit" / f"{bench.stage}.xml"
    junit.unlink(missing_ok=True)
    return bench.check(
        f"pytest {folder}",
        PYTHON,
        *("-m", "pytest", "-ra", "-p", "no:cacheprovider", folder, f"--junit-xml={junit}", *words),
        *(("-k", bench.only) if bench.only else ()),
        env={"COVERAGE_FILE": str(BUILD / "coverage"), **(env or {})},
        judge=lambda done: from_junit([junit] if junit.exists() else []),
        show=show,
    )


def _test_server_in(tarball: Path) -> list[str]:
    """Return what in `tarball` belongs to the throwaway n8n of the tests, by its path or by the hooks it calls."""
    found = []
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            if member.name.startswith("tests/n8n_server") or (file and b"rest/e2e" in file.read()):
                found.append(member.name)
    return found
