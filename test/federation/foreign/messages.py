# The messages of federation as deployed peers have them, written down once more: names, types and numbers.
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FETCH = "/Federation/Fetch"

# In the order of their numbers, from 1.
FIELDS = {
    "Cursor": ["timestamp int64", "nextToken string"],
    "FetchState": ["keyCursor Cursor", "revisedKeyCursor Cursor"],
    "ExposureKey": [
        "exposureKey bytes",
        "transmissionRisk int32",
        "intervalNumber int32",
        "intervalCount int32",
        "reportType ReportType",
        "daysSinceOnsetOfSymptoms sint32",
        "hasSymptomOnset bool",
        "traveler bool",
        "regions string repeated",
    ],
    "FederationFetchRequest": [
        "includeRegions string repeated",
        "excludeRegions string repeated",
        "onlyTravelers bool",
        "onlyLocalProvenance bool",
        "maxExposureKeys uint32",
        "state FetchState",
    ],
    "FederationFetchResponse": [
        "keys ExposureKey repeated",
        "revisedKeys ExposureKey repeated",
        "partialResponse bool",
        "nextFetchState FetchState",
    ],
}
REPORT_TYPES = [
    "UNKNOWN",
    "CONFIRMED_TEST",
    "CONFIRMED_CLINICAL_DIAGNOSIS",
    "SELF_REPORT",
    "RECURSIVE",
    "REVOKED",
]

# Fields that nobody has heard of, one of each wire type: varint, 64 bits, bytes, a group, 32 bits.
UNKNOWN_FIELDS = bytes.fromhex("e003ac02" "e903" + "11" * 8 + "f20303616263" "fb030801fc03" "8504" + "22" * 4)


def padding(size):
    """A field that nobody has heard of, with so many zero bytes; nothing for none."""
    return bytes.fromhex("b204") + _varint(size) + bytes(size) if size else b""


def _varint(number):
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes(encoded + bytes([number]))


def _file():
    file = descriptor_pb2.FileDescriptorProto(name="foreign.proto", syntax="proto3")
    enum = file.enum_type.add(name="ReportType")
    for number, name in enumerate(REPORT_TYPES):
        enum.value.add(name=name, number=number)
    field_types = descriptor_pb2.FieldDescriptorProto
    for message_name, fields in FIELDS.items():
        message = file.message_type.add(name=message_name)
        for number, text in enumerate(fields, 1):
            name, kind, *repeated = text.split()
            field = message.field.add(name=name, number=number)
            field.label = field_types.LABEL_REPEATED if repeated else field_types.LABEL_OPTIONAL
            if kind in FIELDS:
                field.type, field.type_name = field_types.TYPE_MESSAGE, f".{kind}"
            elif kind == "ReportType":
                field.type, field.type_name = field_types.TYPE_ENUM, f".{kind}"
            else:
                field.type = getattr(field_types, f"TYPE_{kind.upper()}")
    return file


def _class_of(descriptor):
    # The name of this changed between versions of protobuf.
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory().GetPrototype(descriptor)


_pool = descriptor_pool.DescriptorPool()
_pool.Add(_file())
ExposureKey, FetchState, FetchRequest, FetchResponse = (
    _class_of(_pool.FindMessageTypeByName(name))
    for name in ["ExposureKey", "FetchState", "FederationFetchRequest", "FederationFetchResponse"]
)
