"""`gridclear agent`: enrol a node, run its agent, look at it."""

import logging
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from gridclear.agent.assembly import choose_runner, locked, make_agent, state_folder
from gridclear.agent.enrolment import enrol as enrol_node
from gridclear.agent.enrolment import load_enrolment
from gridclear.agent.inventory import InventorySource, gpu_source
from gridclear.agent.runners.daemon import answers
from gridclear.agent.simulated import read_simulation
from gridclear.agent.status import status_of
from gridclear.cli.output import console, errors, print_json, speaks_plainly

app = typer.Typer(no_args_is_help=True, help="Enrol this machine as a node, and run its agent.")

State = Annotated[
    Path | None,
    typer.Option("--state", envvar="GRIDCLEAR_AGENT_STATE", help="Where the agent keeps its key and its state."),
]
Simulate = Annotated[str, typer.Option(help='Invent GPUs, for development: "NVIDIA H100 80GB HBM3:2".')]
BesideReal = Annotated[bool, typer.Option(help="Simulate although this machine has real GPUs.")]


@app.command()
@speaks_plainly
def enrol(
    url: Annotated[str, typer.Option(envvar="GRIDCLEAR_URL", help="The marketplace's address.")],
    token: Annotated[str, typer.Option(envvar="GRIDCLEAR_ENROL_TOKEN", help="The node's one-time token.")],
    state: State = None,
    simulate_gpu: Simulate = "",
    simulate_beside_real_gpus: BesideReal = False,
) -> None:
    """This machine becomes a node of your organization."""
    if simulate_gpu:
        read_simulation(simulate_gpu)
        gpu_source(simulate_gpu, node_id="", beside_real=simulate_beside_real_gpus)
    folder = state_folder(state)
    enrolment = enrol_node(url, token, folder, simulate_gpu=simulate_gpu)
    console.print(f"[bold]Enrolled[/] as node {enrolment.node_id}; its key lies in {folder}.", soft_wrap=True)
    if simulate_gpu:
        console.print(f"[bold yellow]Its GPUs are simulated[/]: {simulate_gpu}. They compute nothing.")
    console.print("Next: gridclear agent run" + (f" --state {state}" if state else ""), soft_wrap=True)


@app.command()
@speaks_plainly
def run(
    state: State = None,
    poll: Annotated[float | None, typer.Option(min=0.1, help="Seconds between two rounds.")] = None,
    runner: Annotated[str, typer.Option(help="auto, docker, or process (development only).")] = "auto",
    keep_workloads: Annotated[bool, typer.Option(help="Leave workloads running when the agent stops.")] = False,
    simulate_beside_real_gpus: BesideReal = False,
) -> None:
    """The agent runs until it is told to stop; workloads are ended and reported first."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[_log_handler()])
    logging.getLogger("httpx").setLevel(logging.WARNING)
    folder = state_folder(state)
    with locked(folder):
        agent = make_agent(
            folder,
            runner=choose_runner(runner, folder),
            poll_seconds=poll,
            beside_real=simulate_beside_real_gpus,
        )
        halt = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: agent.halt(halt))
        console.print("gridclear agent: running", soft_wrap=True)
        agent.run(halt, keep_workloads=keep_workloads)
    console.print("gridclear agent: stopped")


@app.command()
@speaks_plainly
def status(state: State = None, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """What this node is, and what it holds, without asking the server."""
    found = status_of(state_folder(state))
    if as_json:
        print_json(found)
        return
    console.print(f"Node     {found['node_id']}\nServer   {found['url']}\nRunning  {found['agent_running']}")
    if found["simulate_gpu"]:
        console.print(f"[bold yellow]GPUs     {found['simulate_gpu']} (simulated)[/]")
    for item in found["workloads"]:
        console.print(f"  {item['lease_id']}  {item['state']:8} {item['usage_seconds']} s  {item['error']}")


@app.command()
@speaks_plainly
def inventory(state: State = None, simulate_gpu: Simulate = "", simulate_beside_real_gpus: BesideReal = False) -> None:
    """What the marketplace would be told of this machine, as JSON. Nothing is sent."""
    enrolment = load_enrolment(state_folder(state))
    simulate = simulate_gpu or (enrolment.simulate_gpu if enrolment else "")
    node_id = enrolment.node_id if enrolment else "unenrolled"
    source = gpu_source(simulate, node_id=node_id, beside_real=simulate_beside_real_gpus)
    found = InventorySource(source, docker=answers())
    print_json({**found.inventory().message(), "gpu_metrics": [metric.message() for metric in found.metrics()]})


def _log_handler() -> logging.Handler:
    """Colours on a terminal, plain dated lines elsewhere."""
    if errors.is_terminal:
        return RichHandler(console=errors, show_path=False)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler
