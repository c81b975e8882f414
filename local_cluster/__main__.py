"""`python -m local_cluster up|down|status|build|load|start|stop|restart|clean`. Progress goes to stderr, answers to stdout."""

from __future__ import annotations

import argparse
import json
import re
import sys

from local_cluster import images, removal
from local_cluster.console import LocalClusterError, say
from local_cluster.host import require_root
from local_cluster.machine_lock import Lock, known_clusters, machine_lock, refuse_if_foreign

NAME = re.compile(r"^[a-z][a-z0-9-]{0,15}$")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local_cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default="demo", help="which cluster (default: demo)")
    up = commands.add_parser("up", parents=[named], help="start what does not run")
    up.add_argument("--nodes", type=int, choices=(1, 2), default=1)
    up.add_argument("--fake-gpus", type=int, default=0, help="nvidia.com/gpu that each node pretends to have")
    down = commands.add_parser("down", parents=[named], help="end a cluster; caches stay")
    down.add_argument("--all", action="store_true", help="every cluster on this machine, of every clone")
    status = commands.add_parser("status", parents=[named], help="where everything is")
    status.add_argument("-o", "--output", choices=("text", "json"), default="text")
    build = commands.add_parser("build", help="build images from this tree")
    build.add_argument("images", nargs="*", default=list(images.IMAGES), help=", ".join(images.IMAGES))
    load = commands.add_parser("load", parents=[named], help="load a built image; prints its reference")
    load.add_argument("image")
    for command in ("start", "stop", "restart"):
        single = commands.add_parser(command, parents=[named], help=f"{command} one component, for fault tests")
        single.add_argument("component")
    commands.add_parser("clean", help="undo everything on this host, caches included")
    return parser.parse_args(arguments)


# `cluster` is imported where it is used: it makes certificates, with a package that `down` and `clean` can do without.


def show_status(name: str, output: str) -> int:
    """Prints the status; exits 1 when the cluster does not run, so that scripts can ask."""
    from local_cluster import cluster

    found = cluster.status(name)
    if output == "json":
        print(json.dumps(found))
        return 0
    for key, value in found.items():
        if key != "s3":  # holds the secret key; -o json shows it to programs
            print(f"{key:<12}{value}")
    return 0 if found["running"] else 1


def execute(options: argparse.Namespace) -> int:
    """Carries out one command."""
    if options.command == "status":
        return show_status(options.name, options.output)
    if options.command == "build":
        with machine_lock(Lock.IMAGES):
            for image in options.images:
                images.build(image)
        return 0
    with machine_lock(Lock.CLUSTERS):
        if options.command in ("down", "clean"):
            end_clusters(options)
        else:
            change_clusters(options)
    return 0


def end_clusters(options: argparse.Namespace) -> None:
    """What undoes things works with nothing but Debian's python3, so that it needs no download."""
    if options.command == "clean":
        with machine_lock(Lock.IMAGES):
            removal.clean()
        return
    if not options.all:
        refuse_if_foreign(options.name)
    for name in known_clusters() if options.all else [options.name]:
        removal.down(name)


def change_clusters(options: argparse.Namespace) -> None:
    """The commands that start or fill clusters."""
    from local_cluster import cluster

    match options.command:
        case "up":
            cluster.up(options.name, options.nodes, options.fake_gpus)
        case "load":
            layout = cluster.require_running(options.name)
            print(images.load(options.image, layout, layout.nodes(cluster.node_count(layout))))
        case "start":
            cluster.component(options.name, options.component).start()
        case "stop":
            cluster.component(options.name, options.component).stop()
        case "restart":
            component = cluster.component(options.name, options.component)
            component.stop()
            component.start()


def main() -> int:
    """Returns the exit code; an error the user can mend is one message, not a traceback."""
    options = parse(sys.argv[1:])
    if "name" in options and not NAME.match(options.name):
        say(f"--name '{options.name}' must start with a letter and hold at most 16 of a-z, 0-9 and -")
        return 2
    try:
        if options.command != "status":
            require_root()
        return execute(options)
    except LocalClusterError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the same command goes on from here")
        return 130


if __name__ == "__main__":
    sys.exit(main())
