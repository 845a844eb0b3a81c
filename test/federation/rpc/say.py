# One unary call with gRPC's C core: target, path, authority (PEM file or -), time-out in seconds, compression.
# The message comes on standard input; the outcome goes to standard output as JSON.
import json
import sys

import grpc

target, path, authority, timeout, compression = sys.argv[1:]
if authority == "-":
    channel = grpc.insecure_channel(target)
else:
    with open(authority, "rb") as pem:
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(pem.read()))
call = channel.unary_unary(path)
kind = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
try:
    answer = call(sys.stdin.buffer.read(), timeout=float(timeout), compression=kind)
    print(json.dumps({"status": 0, "text": answer.decode()}))
except grpc.RpcError as error:
    print(json.dumps({"status": error.code().value[0], "text": error.details()}))
