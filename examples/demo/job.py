# SPDX-License-Identifier: Apache-2.0
"""The CI job: asks GitHub for a token and calls the service with it."""

import os

import httpx

from github_oidc.client import get_actions_header

header = get_actions_header("demo-api")
response = httpx.post(os.environ["DEMO_SERVER"] + "/deploy", headers=header)
print(response.raise_for_status().text)
