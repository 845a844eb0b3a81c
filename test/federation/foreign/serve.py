# A server as deployed peers are one, which answers /Federation/Fetch as its first line of standard input says (JSON):
# either "answers", one a call, the last one again and again, or a "deployed" feed. It prints its port, then one line
# a call, and ends with its standard input. "tls": certificate and key.
#
# An answer is one of {"page": ..., "unknown": whether with unknown fields}, {"raw": hex}, {"padding": bytes}, all of
# these with "gzip" if wanted; {"status": ..., "text": ..., "trailers": ..., "headersFirst": ...}; {"stall": true}.
import json
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict

from deployed import DeployedFeed
from messages import FETCH, UNKNOWN_FIELDS, ExposureKey, FetchRequest, FetchResponse, padding

LONGEST_STALL_SECONDS = 30


def say(line):
    print(json.dumps(line), flush=True)


class Answers:
    def __init__(self, script):
        self.script = script
        self.calls = 0
        self.lock = threading.Lock()
        self.feed = feed_of(script["deployed"]) if "deployed" in script else None
        self.state_given = None

    def fetch(self, raw, context):
        request = FetchRequest.FromString(raw)
        state = request.state.SerializeToString() if request.HasField("state") else None
        with self.lock:
            turn = self.calls
            self.calls += 1
            say({
                "request": MessageToDict(request),
                "patience": context.time_remaining(),
                "metadata": {name: value for name, value in context.invocation_metadata()},
                # Whether the state came back byte for byte as it was given; absent when none came.
                **({} if state is None else {"echoed": state == self.state_given and state in raw}),
            })
            if self.feed is not None:
                return self.encoded(self.feed.page(request), False)
            answers = self.script["answers"]
            answer = answers[min(turn, len(answers) - 1)]
        if answer.get("gzip"):
            context.set_compression(grpc.Compression.Gzip)
        if "page" in answer:
            page = ParseDict(answer["page"], FetchResponse())
            with self.lock:
                return self.encoded(page, answer.get("unknown", False))
        if "status" in answer:
            if answer.get("headersFirst"):
                context.send_initial_metadata(())
            context.set_trailing_metadata(tuple(answer.get("trailers", {}).items()))
            context.abort(getattr(grpc.StatusCode, answer["status"]), answer.get("text", ""))
        if "stall" in answer:
            ended = threading.Event()
            if not context.add_callback(ended.set):
                ended.set()  # The call has ended already, and nobody calls back.
            say({"ended": ended.wait(LONGEST_STALL_SECONDS), "patience": max(0, context.time_remaining())})
            return b""
        if "padding" in answer:
            return padding(answer["padding"])
        return bytes.fromhex(answer["raw"])

    def encoded(self, page, unknown):
        self.state_given = page.nextFetchState.SerializeToString()
        if not unknown:
            return page.SerializeToString()
        for key in [*page.keys, *page.revisedKeys]:
            key.MergeFromString(UNKNOWN_FIELDS)
        return page.SerializeToString() + UNKNOWN_FIELDS


def feed_of(told):
    def keys(runs):
        for run in runs:
            for number in range(run["first"], run["first"] + run["count"]):
                key = ParseDict(run["key"], ExposureKey())
                key.exposureKey = number.to_bytes(16, "big")
                yield run["at"], key

    return DeployedFeed(
        list(keys(told.get("keys", []))), list(keys(told.get("revised", []))), told["limit"], told["window"]
    )


class Handlers(grpc.GenericRpcHandler):
    def __init__(self, answers):
        self.answers = answers

    def service(self, call):
        return grpc.unary_unary_rpc_method_handler(self.answers.fetch) if call.method == FETCH else None


script = json.loads(sys.stdin.readline())
server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Handlers(Answers(script))])
if "tls" in script:
    pair = (script["tls"]["key"].encode(), script["tls"]["cert"].encode())
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
else:
    port = server.add_insecure_port("127.0.0.1:0")
server.start()
say({"port": port})
sys.stdin.read()
server.stop(0).wait()
