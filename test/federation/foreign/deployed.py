# The feed of a deployed server, with its habits: a page goes on from a timestamp, inclusive; its token is an offset
# there, in base64, and comes back empty; keys come before revised ones; timestamps move on by a second when a window is done.
from base64 import b64decode

from messages import FetchResponse


class DeployedFeed:
    # keys, revised: pairs of timestamp and key, ascending. window: start of the one that is still open.
    def __init__(self, keys, revised, limit, window):
        self.keys, self.revised, self.limit, self.window = keys, revised, limit, window

    def page(self, request):
        limit = min(request.maxExposureKeys or self.limit, self.limit)
        keys, key_time = since(self.keys, request.state.keyCursor, limit)
        revised, revised_time = [], request.state.revisedKeyCursor.timestamp
        partial = len(keys) == limit
        room = limit - len(keys)
        if room > 0:
            revised, revised_time = since(self.revised, request.state.revisedKeyCursor, room)
            partial = len(revised) == room
        if (not partial or revised) and self.window > key_time:
            key_time += 1
        if not partial and keys and self.window > revised_time:
            revised_time += 1
        answer = FetchResponse(keys=keys, revisedKeys=revised, partialResponse=partial)
        answer.nextFetchState.keyCursor.timestamp = key_time
        answer.nextFetchState.revisedKeyCursor.timestamp = revised_time
        return answer


def since(feed, cursor, limit):
    offset = int(b64decode(cursor.nextToken)) if cursor.nextToken else 0
    found = [(at, key) for at, key in feed if at >= cursor.timestamp][offset : offset + limit]
    return [key for _, key in found], max([cursor.timestamp, *(at for at, _ in found)])
