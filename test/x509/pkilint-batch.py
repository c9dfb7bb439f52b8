"""Runs pkilint's own commands on many documents in one process.

Reads a JSON array of argument lists, each [command, option, …, file, …], and writes a JSON array of findings
as pkilint's JSON format has them.
"""

import contextlib
import io
import json
import sys

from pkilint.bin import lint_crl, lint_ocsp_response, lint_pkix_cert, lint_pkix_signer_signee_cert_chain

COMMANDS = {
    "lint_crl": lint_crl,
    "lint_ocsp_response": lint_ocsp_response,
    "lint_pkix_cert": lint_pkix_cert,
    "lint_pkix_signer_signee_cert_chain": lint_pkix_signer_signee_cert_chain,
}


def run(command, *arguments):
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        COMMANDS[command].main(["lint", "-s", "NOTICE", "-f", "JSON", "--document-format", "DER", *arguments])
    return json.loads(written.getvalue())["results"]


json.dump([run(*job) for job in json.load(sys.stdin)], sys.stdout)
