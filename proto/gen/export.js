// @ts-self-types="./export.d.ts"
/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["wayfarer-export"] || ($protobuf.roots["wayfarer-export"] = {});

export const TemporaryExposureKeyExport = $root.TemporaryExposureKeyExport = (() => {

    const TemporaryExposureKeyExport = function (properties) {
        this.signatureInfos = [];
        this.keys = [];
        this.revisedKeys = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    TemporaryExposureKeyExport.prototype.startTimestamp = 0;

    TemporaryExposureKeyExport.prototype.endTimestamp = 0;

    TemporaryExposureKeyExport.prototype.region = "";

    TemporaryExposureKeyExport.prototype.batchNum = 0;

    TemporaryExposureKeyExport.prototype.batchSize = 0;

    TemporaryExposureKeyExport.prototype.signatureInfos = $util.emptyArray;

    TemporaryExposureKeyExport.prototype.keys = $util.emptyArray;

    TemporaryExposureKeyExport.prototype.revisedKeys = $util.emptyArray;

    TemporaryExposureKeyExport.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.startTimestamp != null && $Object.hasOwnProperty.call(message, "startTimestamp"))
            writer.uint32(/* id 1, wireType 1 =*/9).fixed64(message.startTimestamp);
        if (message.endTimestamp != null && $Object.hasOwnProperty.call(message, "endTimestamp"))
            writer.uint32(/* id 2, wireType 1 =*/17).fixed64(message.endTimestamp);
        if (message.region != null && $Object.hasOwnProperty.call(message, "region"))
            writer.uint32(/* id 3, wireType 2 =*/26).string(message.region);
        if (message.batchNum != null && $Object.hasOwnProperty.call(message, "batchNum"))
            writer.uint32(/* id 4, wireType 0 =*/32).int32(message.batchNum);
        if (message.batchSize != null && $Object.hasOwnProperty.call(message, "batchSize"))
            writer.uint32(/* id 5, wireType 0 =*/40).int32(message.batchSize);
        if (message.signatureInfos != null && message.signatureInfos.length)
            for (let i = 0; i < message.signatureInfos.length; ++i)
                $root.SignatureInfo.encode(message.signatureInfos[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
        if (message.keys != null && message.keys.length)
            for (let i = 0; i < message.keys.length; ++i)
                $root.TemporaryExposureKey.encode(message.keys[i], writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
        if (message.revisedKeys != null && message.revisedKeys.length)
            for (let i = 0; i < message.revisedKeys.length; ++i)
                $root.TemporaryExposureKey.encode(message.revisedKeys[i], writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    TemporaryExposureKeyExport.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.TemporaryExposureKeyExport();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 1)
                        break;
                    message.startTimestamp = reader.fixed64().toNumber();
                    continue;
                }
            case 2: {
                    if (wireType !== 1)
                        break;
                    message.endTimestamp = reader.fixed64().toNumber();
                    continue;
                }
            case 3: {
                    if (wireType !== 2)
                        break;
                    message.region = reader.string();
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    message.batchNum = reader.int32();
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    message.batchSize = reader.int32();
                    continue;
                }
            case 6: {
                    if (wireType !== 2)
                        break;
                    if (!(message.signatureInfos && message.signatureInfos.length))
                        message.signatureInfos = [];
                    message.signatureInfos.push($root.SignatureInfo.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            case 7: {
                    if (wireType !== 2)
                        break;
                    if (!(message.keys && message.keys.length))
                        message.keys = [];
                    message.keys.push($root.TemporaryExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            case 8: {
                    if (wireType !== 2)
                        break;
                    if (!(message.revisedKeys && message.revisedKeys.length))
                        message.revisedKeys = [];
                    message.revisedKeys.push($root.TemporaryExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return TemporaryExposureKeyExport;
})();

export const SignatureInfo = $root.SignatureInfo = (() => {

    const SignatureInfo = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    SignatureInfo.prototype.verificationKeyVersion = "";

    SignatureInfo.prototype.verificationKeyId = "";

    SignatureInfo.prototype.signatureAlgorithm = "";

    SignatureInfo.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.verificationKeyVersion != null && $Object.hasOwnProperty.call(message, "verificationKeyVersion"))
            writer.uint32(/* id 3, wireType 2 =*/26).string(message.verificationKeyVersion);
        if (message.verificationKeyId != null && $Object.hasOwnProperty.call(message, "verificationKeyId"))
            writer.uint32(/* id 4, wireType 2 =*/34).string(message.verificationKeyId);
        if (message.signatureAlgorithm != null && $Object.hasOwnProperty.call(message, "signatureAlgorithm"))
            writer.uint32(/* id 5, wireType 2 =*/42).string(message.signatureAlgorithm);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    SignatureInfo.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.SignatureInfo();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 3: {
                    if (wireType !== 2)
                        break;
                    message.verificationKeyVersion = reader.string();
                    continue;
                }
            case 4: {
                    if (wireType !== 2)
                        break;
                    message.verificationKeyId = reader.string();
                    continue;
                }
            case 5: {
                    if (wireType !== 2)
                        break;
                    message.signatureAlgorithm = reader.string();
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return SignatureInfo;
})();

export const TemporaryExposureKey = $root.TemporaryExposureKey = (() => {

    const TemporaryExposureKey = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    TemporaryExposureKey.prototype.keyData = $util.newBuffer([]);

    TemporaryExposureKey.prototype.transmissionRiskLevel = 0;

    TemporaryExposureKey.prototype.rollingStartIntervalNumber = 0;

    TemporaryExposureKey.prototype.rollingPeriod = 144;

    TemporaryExposureKey.prototype.reportType = 0;

    TemporaryExposureKey.prototype.daysSinceOnsetOfSymptoms = 0;

    TemporaryExposureKey.prototype.variantOfConcern = 0;

    TemporaryExposureKey.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.keyData != null && $Object.hasOwnProperty.call(message, "keyData"))
            writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.keyData);
        if (message.transmissionRiskLevel != null && $Object.hasOwnProperty.call(message, "transmissionRiskLevel"))
            writer.uint32(/* id 2, wireType 0 =*/16).int32(message.transmissionRiskLevel);
        if (message.rollingStartIntervalNumber != null && $Object.hasOwnProperty.call(message, "rollingStartIntervalNumber"))
            writer.uint32(/* id 3, wireType 0 =*/24).int32(message.rollingStartIntervalNumber);
        if (message.rollingPeriod != null && $Object.hasOwnProperty.call(message, "rollingPeriod"))
            writer.uint32(/* id 4, wireType 0 =*/32).int32(message.rollingPeriod);
        if (message.reportType != null && $Object.hasOwnProperty.call(message, "reportType"))
            writer.uint32(/* id 5, wireType 0 =*/40).int32(message.reportType);
        if (message.daysSinceOnsetOfSymptoms != null && $Object.hasOwnProperty.call(message, "daysSinceOnsetOfSymptoms"))
            writer.uint32(/* id 6, wireType 0 =*/48).sint32(message.daysSinceOnsetOfSymptoms);
        if (message.variantOfConcern != null && $Object.hasOwnProperty.call(message, "variantOfConcern"))
            writer.uint32(/* id 8, wireType 0 =*/64).int32(message.variantOfConcern);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    TemporaryExposureKey.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.TemporaryExposureKey();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    message.keyData = reader.bytes();
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    message.transmissionRiskLevel = reader.int32();
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    message.rollingStartIntervalNumber = reader.int32();
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    message.rollingPeriod = reader.int32();
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    value = reader.int32();
                    if ($root.TemporaryExposureKey.ReportType[value] !== $undefined)
                        message.reportType = value;
                    else if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                    continue;
                }
            case 6: {
                    if (wireType !== 0)
                        break;
                    message.daysSinceOnsetOfSymptoms = reader.sint32();
                    continue;
                }
            case 8: {
                    if (wireType !== 0)
                        break;
                    value = reader.int32();
                    if ($root.TemporaryExposureKey.VariantOfConcern[value] !== $undefined)
                        message.variantOfConcern = value;
                    else if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    TemporaryExposureKey.ReportType = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "UNKNOWN"] = 0;
        values[valuesById[1] = "CONFIRMED_TEST"] = 1;
        values[valuesById[2] = "CONFIRMED_CLINICAL_DIAGNOSIS"] = 2;
        values[valuesById[3] = "SELF_REPORT"] = 3;
        values[valuesById[4] = "RECURSIVE"] = 4;
        values[valuesById[5] = "REVOKED"] = 5;
        return values;
    })();

    TemporaryExposureKey.VariantOfConcern = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "VARIANT_TYPE_UNKNOWN"] = 0;
        values[valuesById[1] = "VARIANT_TYPE_1"] = 1;
        values[valuesById[2] = "VARIANT_TYPE_2"] = 2;
        values[valuesById[3] = "VARIANT_TYPE_3"] = 3;
        values[valuesById[4] = "VARIANT_TYPE_4"] = 4;
        return values;
    })();

    return TemporaryExposureKey;
})();

export const TEKSignatureList = $root.TEKSignatureList = (() => {

    const TEKSignatureList = function (properties) {
        this.signatures = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    TEKSignatureList.prototype.signatures = $util.emptyArray;

    TEKSignatureList.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.signatures != null && message.signatures.length)
            for (let i = 0; i < message.signatures.length; ++i)
                $root.TEKSignature.encode(message.signatures[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    TEKSignatureList.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.TEKSignatureList();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    if (!(message.signatures && message.signatures.length))
                        message.signatures = [];
                    message.signatures.push($root.TEKSignature.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return TEKSignatureList;
})();

export const TEKSignature = $root.TEKSignature = (() => {

    const TEKSignature = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    TEKSignature.prototype.signatureInfo = null;

    TEKSignature.prototype.batchNum = 0;

    TEKSignature.prototype.batchSize = 0;

    TEKSignature.prototype.signature = $util.newBuffer([]);

    TEKSignature.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.signatureInfo != null && $Object.hasOwnProperty.call(message, "signatureInfo"))
            $root.SignatureInfo.encode(message.signatureInfo, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
        if (message.batchNum != null && $Object.hasOwnProperty.call(message, "batchNum"))
            writer.uint32(/* id 2, wireType 0 =*/16).int32(message.batchNum);
        if (message.batchSize != null && $Object.hasOwnProperty.call(message, "batchSize"))
            writer.uint32(/* id 3, wireType 0 =*/24).int32(message.batchSize);
        if (message.signature != null && $Object.hasOwnProperty.call(message, "signature"))
            writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.signature);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    TEKSignature.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.TEKSignature();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    message.signatureInfo = $root.SignatureInfo.decode(reader, reader.size(), $undefined, _depth + 1, message.signatureInfo);
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    message.batchNum = reader.int32();
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    message.batchSize = reader.int32();
                    continue;
                }
            case 4: {
                    if (wireType !== 2)
                        break;
                    message.signature = reader.bytes();
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return TEKSignature;
})();

export {
  $root as default
};
