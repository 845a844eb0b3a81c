// @ts-self-types="./efgs.d.ts"
/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["wayfarer-efgs"] || ($protobuf.roots["wayfarer-efgs"] = {});

export const eu = $root.eu = (() => {

    const eu = {};

    eu.interop = (function() {

        const interop = {};

        interop.DiagnosisKeyBatch = (function() {

            const DiagnosisKeyBatch = function (properties) {
                this.keys = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            DiagnosisKeyBatch.prototype.keys = $util.emptyArray;

            DiagnosisKeyBatch.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.keys != null && message.keys.length)
                    for (let i = 0; i < message.keys.length; ++i)
                        $root.eu.interop.DiagnosisKey.encode(message.keys[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            DiagnosisKeyBatch.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.eu.interop.DiagnosisKeyBatch();
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
                            if (!(message.keys && message.keys.length))
                                message.keys = [];
                            message.keys.push($root.eu.interop.DiagnosisKey.decode(reader, reader.size(), $undefined, _depth + 1));
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

            return DiagnosisKeyBatch;
        })();

        interop.DiagnosisKey = (function() {

            const DiagnosisKey = function (properties) {
                this.visitedCountries = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            DiagnosisKey.prototype.keyData = $util.newBuffer([]);

            DiagnosisKey.prototype.rollingStartIntervalNumber = 0;

            DiagnosisKey.prototype.rollingPeriod = 0;

            DiagnosisKey.prototype.transmissionRiskLevel = 0;

            DiagnosisKey.prototype.visitedCountries = $util.emptyArray;

            DiagnosisKey.prototype.origin = "";

            DiagnosisKey.prototype.reportType = 0;

            DiagnosisKey.prototype.daysSinceOnsetOfSymptoms = 0;

            DiagnosisKey.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.keyData != null && $Object.hasOwnProperty.call(message, "keyData") && message.keyData.length)
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.keyData);
                if (message.rollingStartIntervalNumber != null && $Object.hasOwnProperty.call(message, "rollingStartIntervalNumber") && message.rollingStartIntervalNumber !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.rollingStartIntervalNumber);
                if (message.rollingPeriod != null && $Object.hasOwnProperty.call(message, "rollingPeriod") && message.rollingPeriod !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.rollingPeriod);
                if (message.transmissionRiskLevel != null && $Object.hasOwnProperty.call(message, "transmissionRiskLevel") && message.transmissionRiskLevel !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).int32(message.transmissionRiskLevel);
                if (message.visitedCountries != null && message.visitedCountries.length)
                    for (let i = 0; i < message.visitedCountries.length; ++i)
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.visitedCountries[i]);
                if (message.origin != null && $Object.hasOwnProperty.call(message, "origin") && message.origin !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.origin);
                if (message.reportType != null && $Object.hasOwnProperty.call(message, "reportType") && message.reportType !== 0)
                    writer.uint32(/* id 7, wireType 0 =*/56).int32(message.reportType);
                if (message.daysSinceOnsetOfSymptoms != null && $Object.hasOwnProperty.call(message, "daysSinceOnsetOfSymptoms") && message.daysSinceOnsetOfSymptoms !== 0)
                    writer.uint32(/* id 8, wireType 0 =*/64).sint32(message.daysSinceOnsetOfSymptoms);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            DiagnosisKey.decode = function (reader, length, _end, _depth, _target) {
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
                message = _target || new $root.eu.interop.DiagnosisKey();
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
                            if ((value = reader.bytes()).length)
                                message.keyData = value;
                            else
                                delete message.keyData;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.rollingStartIntervalNumber = value;
                            else
                                delete message.rollingStartIntervalNumber;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.rollingPeriod = value;
                            else
                                delete message.rollingPeriod;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.transmissionRiskLevel = value;
                            else
                                delete message.transmissionRiskLevel;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if (!(message.visitedCountries && message.visitedCountries.length))
                                message.visitedCountries = [];
                            message.visitedCountries.push(reader.stringVerify());
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.origin = value;
                            else
                                delete message.origin;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.reportType = value;
                            else
                                delete message.reportType;
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.sint32())
                                message.daysSinceOnsetOfSymptoms = value;
                            else
                                delete message.daysSinceOnsetOfSymptoms;
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

            return DiagnosisKey;
        })();

        interop.ReportType = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "UNKNOWN"] = 0;
            values[valuesById[1] = "CONFIRMED_TEST"] = 1;
            values[valuesById[2] = "CONFIRMED_CLINICAL_DIAGNOSIS"] = 2;
            values[valuesById[3] = "SELF_REPORT"] = 3;
            values[valuesById[4] = "RECURSIVE"] = 4;
            values[valuesById[5] = "REVOKED"] = 5;
            return values;
        })();

        return interop;
    })();

    return eu;
})();

export {
  $root as default
};
