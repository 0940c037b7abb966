"""What the client asks the workers of a Dask cluster, each itself or through the scheduler."""

from typing import TYPE_CHECKING, Any

from mlp_cli.sweeps.remote import News

if TYPE_CHECKING:
    from distributed import Client

LISTEN_SECONDS = 20.0
"""for which a worker is asked for news, before it is asked again"""


class Calls:
    """Calls to workers. Each raises OSError where the worker cannot be reached."""

    def __init__(self, client: "Client", *, is_direct: bool) -> None:
        self._client = client
        self.is_direct = is_direct
        """whether the workers can be reached from here, past the scheduler"""

    async def listen(self, worker: str, training: str, epoch: int) -> News | None:
        """Return the news of a training after this epoch; None where it is not there.

        A question through the scheduler is answered at once: it would keep a connection.
        """
        seconds = LISTEN_SECONDS if self.is_direct else 0.0
        reply = await self._call(
            worker, "mlp_listen", training=training, epoch=epoch, seconds=seconds
        )
        return News(**reply) if reply else None

    async def fetch(self, worker: str, training: str) -> tuple[int, bytes] | None:
        """Return the newest epoch of a training with its checkpoint; None: it is not there."""
        reply = await self._call(worker, "mlp_fetch", training=training)
        return (reply["epoch"], reply["checkpoint"]) if reply else None

    async def answer(self, worker: str, training: str, checkpoint: bytes | None) -> None:
        """Let a training begin: from this checkpoint, where there is one."""
        from distributed.protocol.serialize import Serialize

        sent = None if checkpoint is None else Serialize(checkpoint)
        await self._call(worker, "mlp_answer", training=training, checkpoint=sent, is_stopped=False)

    async def stop(self, worker: str, training: str) -> None:
        """Stop a training at its next epoch."""
        await self._call(worker, "mlp_answer", training=training, checkpoint=None, is_stopped=True)

    async def leave(self, worker: str, topic: str) -> None:
        """Stop all runs of this client there, and those that start there from now on."""
        await self._call(worker, "mlp_leave", topic=topic)

    async def _call(self, worker: str, name: str, **arguments: Any) -> Any:  # noqa: ANN401
        if self.is_direct:
            return await getattr(self._client.rpc(worker), name)(**arguments)
        scheduler: Any = self._client.scheduler
        return await scheduler.proxy(worker=worker, msg={"op": name, **arguments})
