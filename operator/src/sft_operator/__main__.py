"""`python -m sft_operator`: reads the settings, runs the operator, and says by its exit code whether it was asked to end."""

from __future__ import annotations

import asyncio
import os
import sys

from sft_operator.settings import Settings, SettingsError
from sft_operator.shell import logging
from sft_operator.shell.operator import serve
from sft_operator.shell.session import ApiServer, NoCluster


def main() -> int:
    """0 after a signal, 1 when a part of the operator failed, 2 when it could not begin."""
    try:
        settings = Settings.from_environment(os.environ)
        logging.configure(settings.log_level)
        api_server = ApiServer.find()
    except (SettingsError, NoCluster) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0 if asyncio.run(serve(settings, api_server)) else 1


if __name__ == "__main__":
    sys.exit(main())
