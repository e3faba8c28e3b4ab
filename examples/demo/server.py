# SPDX-License-Identifier: Apache-2.0
"""The service: one route that only CI jobs may call."""

import os

from fastapi import FastAPI, Security

from github_oidc.server import GithubOIDC, GithubOIDCClaims

# Without issuer= it is GitHub's. The demo brings its own, so that it runs anywhere.
oidc = GithubOIDC(audience="demo-api", issuer=os.environ["DEMO_ISSUER"])
app = FastAPI(title="Demo")


@app.post("/deploy")
async def deploy(claims: GithubOIDCClaims = Security(oidc)) -> object:
    return claims
