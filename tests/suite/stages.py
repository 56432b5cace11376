# Copyright (c) 2026, the lifecycle.n8n contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages in order. The docstring of each function is the heading of its stage."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import yaml
from n8n_server.install import install

from .counts import TestCounts, from_integration, from_junit
from .documentation_site import complete_site
from .runner import CommandResult, Runner
from .staging import BUILD, prepare_pip

Stage = Callable[[Runner], TestCounts]

PYTHON = Path(sys.executable)
RUNNING_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def sanity(runner: Runner) -> TestCounts:
    """ansible-test sanity without ignore entries"""
    prepare_pip()
    junit = runner.collection / "tests" / "output" / "junit"
    ignored = [
        f"{file.name}: {line}"
        for file in sorted(runner.collection.glob("tests/sanity/ignore-*.txt"))
        for line in file.read_text("utf-8").splitlines()
    ]
    return runner.expect("no entries in tests/sanity/ignore-*.txt", ignored) + runner.check(
        "ansible-test sanity",
        *_ansible_test(runner, "sanity", "--junit", *(("--test", runner.only) if runner.only else ())),
        count=lambda result: _unless_skipped(result, from_junit(junit.glob("ansible-test-sanity-*.xml"))),
    )


def types(runner: Runner) -> TestCounts:
    """mypy --strict on the plugins and on the helpers of the tests"""
    mypy = (runner.tool("mypy"), "--config-file", runner.collection / "pyproject.toml", "--cache-dir", BUILD / "mypy")
    plugins = ("--explicit-package-bases", runner.collection.relative_to(BUILD) / "plugins")
    return runner.check("mypy plugins", *mypy, *plugins, cwd=BUILD, env={"MYPYPATH": "."}) + runner.check(
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
        cwd=runner.collection / "tests",
        env={"MYPYPATH": str(BUILD)},
    )


def units(runner: Runner) -> TestCounts:
    """pytest on tests/unit, with the coverage of the plugins"""
    return _pytest(runner, "tests/unit", "--cov=plugins", "--cov-report=term-missing:skip-covered", show="^TOTAL")


def lint(runner: Runner) -> TestCounts:
    """ansible-lint (profile production), the format of Python files, and the imports between packages"""
    formatted = ("--check", "--quiet", "plugins", "tests", "demo")
    contracts = (runner.tool("lint-imports"), runner.collection / "pyproject.toml", "--no-cache")
    return (
        runner.check("ansible-lint", runner.tool("ansible-lint"), "--offline")
        + runner.check("black", runner.tool("black"), *formatted)
        + runner.check("import-linter", *contracts, cwd=BUILD, env={"PYTHONPATH": "."})
    )


def docs(runner: Runner) -> TestCounts:
    """documentation and changelog: checked, and rendered as a site in .build/docs/html without a warning"""
    antsibull, site, name = runner.tool("antsibull-docs"), BUILD / "docs", "lifecycle.n8n"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(mode=0o755, parents=True)
    lint_docs = ("lint-collection-docs", "--plugin-docs", "--validate-collection-refs=self", ".")
    to_rst = ("--use-current", "--fail-on-error", "--squash-hierarchy", "--dest-dir")
    titles = ("--project", name, "--title", f"Documentation of {name}", "--copyright", f"{name} contributors")
    sphinx = (PYTHON, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", site, "-D", "nitpicky=0")
    importable = {"PYTHONPATH": os.pathsep.join((str(BUILD), str(runner.collection / "tests")))}
    counts = (
        runner.check("antsibull-docs lint-collection-docs", antsibull, *lint_docs)
        + runner.check("antsibull-changelog lint", runner.tool("antsibull-changelog"), "lint")
        + runner.check("diagram of the packages", PYTHON, "-m", "diagram", "--check", env=importable)
        + runner.check("sphinx configuration", antsibull, "sphinx-init", *titles, *to_rst, site, name)
        + runner.check("reference and guides", antsibull, "collection", *to_rst, site / "rst", name)
    )
    complete_site(site, runner.collection)
    return counts + runner.check("html", *sphinx, site / "rst", site / "html")


def build(runner: Runner) -> TestCounts:
    """the tarball: built, imported with galaxy-importer, installed without a network"""
    dist, installed = BUILD / "dist", BUILD / "installed"
    for folder in (dist, installed):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    galaxy = runner.tool("ansible-galaxy")
    counts = runner.check("ansible-galaxy collection build", galaxy, "collection", "build", "--output-path", dist)
    for tarball in dist.glob("*.tar.gz"):
        importer = (PYTHON, "-m", "galaxy_importer.main", tarball)
        # --force is needed because the staged copy has the same version.
        install = (galaxy, "collection", "install", "--offline", "--force", tarball, "-p", installed)
        counts += runner.expect("the tarball does not contain the test server", _test_server_in(tarball))
        counts += runner.check("galaxy-importer", *importer, cwd=dist)
        counts += runner.check("ansible-galaxy collection install --offline", *install)
        manifest = installed / "ansible_collections" / "lifecycle" / "n8n" / "MANIFEST.json"
        counts += runner.expect("the installed collection exists", () if manifest.is_file() else [str(manifest)])
    return counts


def server(runner: Runner) -> TestCounts:
    """n8n: installed (about 6 minutes, once per machine)"""
    return runner.expect(f"n8n {install(runner.lock).version} is installed", ())


def integration(runner: Runner) -> TestCounts:
    """ansible-test integration: the modules and plugins with a real n8n"""
    variables = {name.lower(): value for name, value in runner.fresh_n8n().environment().items()}
    # ansible-test does not pass on the environment. It reads extra variables from this file in the staged copy.
    config = runner.collection / "tests" / "integration" / "integration_config.yml"
    config.write_text(yaml.safe_dump(variables), encoding="utf-8")
    data = runner.collection / "tests" / "output" / "data"
    return runner.check(
        "ansible-test integration",
        *_ansible_test(runner, "integration", "--continue-on-error", *([runner.only] if runner.only else [])),
        count=lambda result: _unless_skipped(result, from_integration(data, result.output)),
        show=r"^Running \S+ integration test",
    )


def real(runner: Runner) -> TestCounts:
    """pytest on tests/real: the behavior of n8n that the collection depends on, with a real n8n"""
    return _pytest(runner, "tests/real", env=runner.fresh_n8n().environment())


def molecule(runner: Runner) -> TestCounts:
    """Molecule: the scenarios of the roles with a real n8n"""
    counts = TestCounts()
    # Molecule stores there that a scenario is prepared, and would skip this step although n8n has been reset.
    state = BUILD / "molecule"
    shutil.rmtree(state, ignore_errors=True)
    for scenario in sorted(runner.collection.glob("extensions/molecule/*/molecule.yml")):
        name = scenario.parent.name
        if runner.only not in ("", name):
            continue
        command = (runner.tool("molecule"), "test", "--scenario-name", name)
        env = {**runner.fresh_n8n().environment(), "MOLECULE_EPHEMERAL_DIRECTORY": str(state / name)}
        counts += runner.check(name, *command, env=env, count=_if_hosts_matched)
    return counts


def demo(runner: Runner) -> TestCounts:
    """the demo, which starts its own n8n"""
    return runner.check("demo", PYTHON, "demo/run.py", env={"PYTHONPATH": str(runner.collection / "tests")})


def database(runner: Runner) -> TestCounts:
    """pytest on the tests in tests/real that depend on the database of n8n"""
    env = runner.fresh_n8n().environment()
    return _pytest(runner, "tests/real", "-m", "database", "--durations=5", env=env, show=r"s call ")


def browser(runner: Runner) -> TestCounts:
    """pytest on tests/browser: the report in a browser"""
    return _pytest(
        runner, "tests/browser", "-rP", env=runner.fresh_n8n().environment(), show=r" in \d[\d.]* s|contrast|of PDF$"
    )


def ldap(runner: Runner) -> TestCounts:
    """pytest on tests/slapd: the synchronization with an LDAP directory"""
    return _pytest(runner, "tests/slapd", env=runner.fresh_n8n().environment())


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
# The stages that run at the same time as all others, which run one after the other. Each of the two has an n8n of its own.
# They take about equally long.
SIMULTANEOUS = {real.__name__}
NEED_SERVER = {stage.__name__ for stage in (integration, real, molecule, browser, ldap, database)}
# --only works with these stages.
HAVE_NAMED_TESTS = {sanity.__name__, units.__name__, *NEED_SERVER}
# These stages need more software, and run only if they are named.
ON_REQUEST = {
    browser.__name__: "The browser tests were not run: `make test-browser` runs them.",
    ldap.__name__: "The tests with an LDAP directory were not run: `make test-ldap` runs them.",
    database.__name__: "The tests with PostgreSQL were not run: `make test-postgres` runs them.",
}


def _ansible_test(runner: Runner, *arguments: str) -> tuple[str | Path, ...]:
    return (runner.tool("ansible-test"), *arguments, "--local", "--python", RUNNING_PYTHON, "--color", "no")


def _unless_skipped(result: CommandResult, counts: TestCounts) -> TestCounts:
    """Return a failure if ansible-test found no tests, because its exit code is 0 in this case."""
    return TestCounts(failed=1) if "All targets skipped" in result.output else counts


def _if_hosts_matched(result: CommandResult) -> TestCounts:
    """Return a failure if a play matched no host, because the exit code of Molecule is 0 in this case."""
    return TestCounts(failed=1) if result.code or "no hosts matched" in result.output else TestCounts(passed=1)


def _pytest(
    runner: Runner, folder: str, *arguments: str, env: dict[str, str] | None = None, show: str = r"(?!)"
) -> TestCounts:
    junit = BUILD / "junit" / f"{runner.stage}.xml"
    junit.unlink(missing_ok=True)
    return runner.check(
        f"pytest {folder}",
        PYTHON,
        *("-m", "pytest", "-ra", "-p", "no:cacheprovider", folder, f"--junit-xml={junit}", *arguments),
        *(("-k", runner.only) if runner.only else ()),
        env={"COVERAGE_FILE": str(BUILD / "coverage"), **(env or {})},
        count=lambda result: from_junit([junit] if junit.exists() else []),
        show=show,
    )


def _test_server_in(tarball: Path) -> list[str]:
    """Return the files in `tarball` that belong to the test server, by path or by calls of test hooks."""
    found = []
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            if member.name.startswith("tests/n8n_server") or (file and b"rest/e2e" in file.read()):
                found.append(member.name)
    return found
