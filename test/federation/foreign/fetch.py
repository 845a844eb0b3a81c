# A client as deployed peers are one. Standard input: {"target", "authority" (PEM, optional), "calls": [...]} as JSON;
# standard output: one outcome a call. A call: {"token", "request"} and, when wanted, "gzip", "timeout" in seconds,
# "unknown" fields in the request, "padding" bytes in it, "all": go on until there is no more, "reference": fail, as
# deployed servers do, on the first key with an onset or of a self report.
import json
import sys

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict

from messages import FETCH, REPORT_TYPES, UNKNOWN_FIELDS, FetchRequest, FetchResponse, padding

MOST_PAGES = 1000
TAKEN_BY_REFERENCE_SERVERS = [REPORT_TYPES.index(name) for name in ("CONFIRMED_TEST", "CONFIRMED_CLINICAL_DIAGNOSIS", "REVOKED")]


def channel_of(job):
    if "authority" not in job:
        return grpc.insecure_channel(job["target"])
    return grpc.secure_channel(job["target"], grpc.ssl_channel_credentials(job["authority"].encode()))


def fetch(channel, call, request):
    body = request.SerializeToString()
    if call.get("unknown"):
        body += UNKNOWN_FIELDS
    body += padding(call.get("padding", 0))
    return channel.unary_unary(FETCH)(
        body,
        timeout=call.get("timeout", 20),
        metadata=[("authorization", f"Bearer {call['token']}")] if "token" in call else [],
        compression=grpc.Compression.Gzip if call.get("gzip") else grpc.Compression.NoCompression,
    )


def refuse_what_reference_servers_fail_on(answer):
    for key in [*answer.keys, *answer.revisedKeys]:
        if key.hasSymptomOnset or key.daysSinceOnsetOfSymptoms != 0:
            raise ValueError("a key has an onset")
        if key.reportType not in TAKEN_BY_REFERENCE_SERVERS:
            raise ValueError("a key is a self report, or of an unknown type")


def outcome_of(channel, call):
    request = ParseDict(call["request"], FetchRequest())
    answers = []
    try:
        for _ in range(MOST_PAGES):
            raw = fetch(channel, call, request)
            answer = FetchResponse.FromString(raw)
            if call.get("reference"):
                refuse_what_reference_servers_fail_on(answer)
            answers.append(answer)
            # What goes back must be what came, byte for byte.
            state = answer.nextFetchState.SerializeToString()
            if state not in raw:
                raise ValueError("the state would not go back as it came")
            request.state.ParseFromString(state)
            if not (call.get("all") and answer.partialResponse):
                break
    except grpc.RpcError as error:
        return {"status": error.code().value[0], "text": error.details()}
    except ValueError as error:
        return {"status": -1, "text": str(error)}
    return {
        "status": 0,
        "pages": [[len(one.keys), len(one.revisedKeys)] for one in answers],
        "keys": [MessageToDict(key) for one in answers for key in one.keys],
        "revised": [MessageToDict(key) for one in answers for key in one.revisedKeys],
        "partial": answers[-1].partialResponse,
        "state": MessageToDict(answers[-1].nextFetchState),
    }


job = json.load(sys.stdin)
with channel_of(job) as channel:
    print(json.dumps([outcome_of(channel, call) for call in job["calls"]]))
