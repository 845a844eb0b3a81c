// @ts-self-types="./federation.d.ts"
/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError, $TypeError = $util.global.TypeError, $Array = $util.global.Array, $String = $util.global.String, $Boolean = $util.global.Boolean, $Number = $util.global.Number, $parseInt = $util.global.parseInt, $BigInt = $util.global.BigInt;

// Exported root namespace
const $root = $protobuf.roots["wayfarer-federation"] || ($protobuf.roots["wayfarer-federation"] = {});

export const FederationFetchRequest = $root.FederationFetchRequest = (() => {

    const FederationFetchRequest = function (properties) {
        this.includeRegions = [];
        this.excludeRegions = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    FederationFetchRequest.prototype.includeRegions = $util.emptyArray;

    FederationFetchRequest.prototype.excludeRegions = $util.emptyArray;

    FederationFetchRequest.prototype.onlyTravelers = false;

    FederationFetchRequest.prototype.onlyLocalProvenance = false;

    FederationFetchRequest.prototype.maxExposureKeys = 0;

    FederationFetchRequest.prototype.state = null;

    FederationFetchRequest.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.includeRegions != null && message.includeRegions.length)
            for (let i = 0; i < message.includeRegions.length; ++i)
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.includeRegions[i]);
        if (message.excludeRegions != null && message.excludeRegions.length)
            for (let i = 0; i < message.excludeRegions.length; ++i)
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.excludeRegions[i]);
        if (message.onlyTravelers != null && $Object.hasOwnProperty.call(message, "onlyTravelers") && message.onlyTravelers !== false)
            writer.uint32(/* id 3, wireType 0 =*/24).bool(message.onlyTravelers);
        if (message.onlyLocalProvenance != null && $Object.hasOwnProperty.call(message, "onlyLocalProvenance") && message.onlyLocalProvenance !== false)
            writer.uint32(/* id 4, wireType 0 =*/32).bool(message.onlyLocalProvenance);
        if (message.maxExposureKeys != null && $Object.hasOwnProperty.call(message, "maxExposureKeys") && message.maxExposureKeys !== 0)
            writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.maxExposureKeys);
        if (message.state != null && $Object.hasOwnProperty.call(message, "state"))
            $root.FetchState.encode(message.state, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    FederationFetchRequest.decode = function (reader, length, _end, _depth, _target) {
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
        message = _target || new $root.FederationFetchRequest();
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
                    if (!(message.includeRegions && message.includeRegions.length))
                        message.includeRegions = [];
                    message.includeRegions.push(reader.stringVerify());
                    continue;
                }
            case 2: {
                    if (wireType !== 2)
                        break;
                    if (!(message.excludeRegions && message.excludeRegions.length))
                        message.excludeRegions = [];
                    message.excludeRegions.push(reader.stringVerify());
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.onlyTravelers = value;
                    else
                        delete message.onlyTravelers;
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.onlyLocalProvenance = value;
                    else
                        delete message.onlyLocalProvenance;
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.maxExposureKeys = value;
                    else
                        delete message.maxExposureKeys;
                    continue;
                }
            case 6: {
                    if (wireType !== 2)
                        break;
                    message.state = $root.FetchState.decode(reader, reader.size(), $undefined, _depth + 1, message.state);
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

    FederationFetchRequest.fromObject = function (object, _depth) {
        if (object instanceof $root.FederationFetchRequest)
            return object;
        if (!$util.isObject(object))
            throw $TypeError(".FederationFetchRequest: object expected");
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let message = new $root.FederationFetchRequest();
        if (object.includeRegions) {
            if (!$Array.isArray(object.includeRegions))
                throw $TypeError(".FederationFetchRequest.includeRegions: array expected");
            message.includeRegions = $Array(object.includeRegions.length);
            for (let i = 0; i < object.includeRegions.length; ++i)
                message.includeRegions[i] = $String(object.includeRegions[i]);
        }
        if (object.excludeRegions) {
            if (!$Array.isArray(object.excludeRegions))
                throw $TypeError(".FederationFetchRequest.excludeRegions: array expected");
            message.excludeRegions = $Array(object.excludeRegions.length);
            for (let i = 0; i < object.excludeRegions.length; ++i)
                message.excludeRegions[i] = $String(object.excludeRegions[i]);
        }
        if (object.onlyTravelers != null)
            if (object.onlyTravelers)
                message.onlyTravelers = $Boolean(object.onlyTravelers);
        if (object.onlyLocalProvenance != null)
            if (object.onlyLocalProvenance)
                message.onlyLocalProvenance = $Boolean(object.onlyLocalProvenance);
        if (object.maxExposureKeys != null)
            if ($Number(object.maxExposureKeys) !== 0)
                message.maxExposureKeys = object.maxExposureKeys >>> 0;
        if (object.state != null) {
            if (!$util.isObject(object.state))
                throw $TypeError(".FederationFetchRequest.state: object expected");
            message.state = $root.FetchState.fromObject(object.state, _depth + 1);
        }
        return message;
    };

    FederationFetchRequest.toObject = function (message, options, _depth) {
        if (!options)
            options = {};
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let object = {};
        if (options.arrays || options.defaults) {
            object.includeRegions = [];
            object.excludeRegions = [];
        }
        if (options.defaults) {
            object.onlyTravelers = false;
            object.onlyLocalProvenance = false;
            object.maxExposureKeys = 0;
            object.state = null;
        }
        if (message.includeRegions && message.includeRegions.length) {
            object.includeRegions = $Array(message.includeRegions.length);
            for (let j = 0; j < message.includeRegions.length; ++j)
                object.includeRegions[j] = message.includeRegions[j];
        }
        if (message.excludeRegions && message.excludeRegions.length) {
            object.excludeRegions = $Array(message.excludeRegions.length);
            for (let j = 0; j < message.excludeRegions.length; ++j)
                object.excludeRegions[j] = message.excludeRegions[j];
        }
        if (message.onlyTravelers != null && $Object.hasOwnProperty.call(message, "onlyTravelers"))
            object.onlyTravelers = message.onlyTravelers;
        if (message.onlyLocalProvenance != null && $Object.hasOwnProperty.call(message, "onlyLocalProvenance"))
            object.onlyLocalProvenance = message.onlyLocalProvenance;
        if (message.maxExposureKeys != null && $Object.hasOwnProperty.call(message, "maxExposureKeys"))
            object.maxExposureKeys = message.maxExposureKeys;
        if (message.state != null && $Object.hasOwnProperty.call(message, "state"))
            object.state = $root.FetchState.toObject(message.state, options, _depth + 1);
        return object;
    };

    FederationFetchRequest.prototype.toJSON = function() {
        return FederationFetchRequest.toObject(this, $protobuf.util.toJSONOptions);
    };

    return FederationFetchRequest;
})();

export const FederationFetchResponse = $root.FederationFetchResponse = (() => {

    const FederationFetchResponse = function (properties) {
        this.keys = [];
        this.revisedKeys = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    FederationFetchResponse.prototype.keys = $util.emptyArray;

    FederationFetchResponse.prototype.revisedKeys = $util.emptyArray;

    FederationFetchResponse.prototype.partialResponse = false;

    FederationFetchResponse.prototype.nextFetchState = null;

    FederationFetchResponse.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.keys != null && message.keys.length)
            for (let i = 0; i < message.keys.length; ++i)
                $root.ExposureKey.encode(message.keys[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
        if (message.revisedKeys != null && message.revisedKeys.length)
            for (let i = 0; i < message.revisedKeys.length; ++i)
                $root.ExposureKey.encode(message.revisedKeys[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
        if (message.partialResponse != null && $Object.hasOwnProperty.call(message, "partialResponse") && message.partialResponse !== false)
            writer.uint32(/* id 3, wireType 0 =*/24).bool(message.partialResponse);
        if (message.nextFetchState != null && $Object.hasOwnProperty.call(message, "nextFetchState"))
            $root.FetchState.encode(message.nextFetchState, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    FederationFetchResponse.decode = function (reader, length, _end, _depth, _target) {
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
        message = _target || new $root.FederationFetchResponse();
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
                    message.keys.push($root.ExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            case 2: {
                    if (wireType !== 2)
                        break;
                    if (!(message.revisedKeys && message.revisedKeys.length))
                        message.revisedKeys = [];
                    message.revisedKeys.push($root.ExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.partialResponse = value;
                    else
                        delete message.partialResponse;
                    continue;
                }
            case 4: {
                    if (wireType !== 2)
                        break;
                    message.nextFetchState = $root.FetchState.decode(reader, reader.size(), $undefined, _depth + 1, message.nextFetchState);
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

    FederationFetchResponse.fromObject = function (object, _depth) {
        if (object instanceof $root.FederationFetchResponse)
            return object;
        if (!$util.isObject(object))
            throw $TypeError(".FederationFetchResponse: object expected");
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let message = new $root.FederationFetchResponse();
        if (object.keys) {
            if (!$Array.isArray(object.keys))
                throw $TypeError(".FederationFetchResponse.keys: array expected");
            message.keys = $Array(object.keys.length);
            for (let i = 0; i < object.keys.length; ++i) {
                if (!$util.isObject(object.keys[i]))
                    throw $TypeError(".FederationFetchResponse.keys: object expected");
                message.keys[i] = $root.ExposureKey.fromObject(object.keys[i], _depth + 1);
            }
        }
        if (object.revisedKeys) {
            if (!$Array.isArray(object.revisedKeys))
                throw $TypeError(".FederationFetchResponse.revisedKeys: array expected");
            message.revisedKeys = $Array(object.revisedKeys.length);
            for (let i = 0; i < object.revisedKeys.length; ++i) {
                if (!$util.isObject(object.revisedKeys[i]))
                    throw $TypeError(".FederationFetchResponse.revisedKeys: object expected");
                message.revisedKeys[i] = $root.ExposureKey.fromObject(object.revisedKeys[i], _depth + 1);
            }
        }
        if (object.partialResponse != null)
            if (object.partialResponse)
                message.partialResponse = $Boolean(object.partialResponse);
        if (object.nextFetchState != null) {
            if (!$util.isObject(object.nextFetchState))
                throw $TypeError(".FederationFetchResponse.nextFetchState: object expected");
            message.nextFetchState = $root.FetchState.fromObject(object.nextFetchState, _depth + 1);
        }
        return message;
    };

    FederationFetchResponse.toObject = function (message, options, _depth) {
        if (!options)
            options = {};
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let object = {};
        if (options.arrays || options.defaults) {
            object.keys = [];
            object.revisedKeys = [];
        }
        if (options.defaults) {
            object.partialResponse = false;
            object.nextFetchState = null;
        }
        if (message.keys && message.keys.length) {
            object.keys = $Array(message.keys.length);
            for (let j = 0; j < message.keys.length; ++j)
                object.keys[j] = $root.ExposureKey.toObject(message.keys[j], options, _depth + 1);
        }
        if (message.revisedKeys && message.revisedKeys.length) {
            object.revisedKeys = $Array(message.revisedKeys.length);
            for (let j = 0; j < message.revisedKeys.length; ++j)
                object.revisedKeys[j] = $root.ExposureKey.toObject(message.revisedKeys[j], options, _depth + 1);
        }
        if (message.partialResponse != null && $Object.hasOwnProperty.call(message, "partialResponse"))
            object.partialResponse = message.partialResponse;
        if (message.nextFetchState != null && $Object.hasOwnProperty.call(message, "nextFetchState"))
            object.nextFetchState = $root.FetchState.toObject(message.nextFetchState, options, _depth + 1);
        return object;
    };

    FederationFetchResponse.prototype.toJSON = function() {
        return FederationFetchResponse.toObject(this, $protobuf.util.toJSONOptions);
    };

    return FederationFetchResponse;
})();

export const FetchState = $root.FetchState = (() => {

    const FetchState = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    FetchState.prototype.keyCursor = null;

    FetchState.prototype.revisedKeyCursor = null;

    FetchState.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.keyCursor != null && $Object.hasOwnProperty.call(message, "keyCursor"))
            $root.Cursor.encode(message.keyCursor, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
        if (message.revisedKeyCursor != null && $Object.hasOwnProperty.call(message, "revisedKeyCursor"))
            $root.Cursor.encode(message.revisedKeyCursor, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    FetchState.decode = function (reader, length, _end, _depth, _target) {
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
        message = _target || new $root.FetchState();
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
                    message.keyCursor = $root.Cursor.decode(reader, reader.size(), $undefined, _depth + 1, message.keyCursor);
                    continue;
                }
            case 2: {
                    if (wireType !== 2)
                        break;
                    message.revisedKeyCursor = $root.Cursor.decode(reader, reader.size(), $undefined, _depth + 1, message.revisedKeyCursor);
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

    FetchState.fromObject = function (object, _depth) {
        if (object instanceof $root.FetchState)
            return object;
        if (!$util.isObject(object))
            throw $TypeError(".FetchState: object expected");
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let message = new $root.FetchState();
        if (object.keyCursor != null) {
            if (!$util.isObject(object.keyCursor))
                throw $TypeError(".FetchState.keyCursor: object expected");
            message.keyCursor = $root.Cursor.fromObject(object.keyCursor, _depth + 1);
        }
        if (object.revisedKeyCursor != null) {
            if (!$util.isObject(object.revisedKeyCursor))
                throw $TypeError(".FetchState.revisedKeyCursor: object expected");
            message.revisedKeyCursor = $root.Cursor.fromObject(object.revisedKeyCursor, _depth + 1);
        }
        return message;
    };

    FetchState.toObject = function (message, options, _depth) {
        if (!options)
            options = {};
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let object = {};
        if (options.defaults) {
            object.keyCursor = null;
            object.revisedKeyCursor = null;
        }
        if (message.keyCursor != null && $Object.hasOwnProperty.call(message, "keyCursor"))
            object.keyCursor = $root.Cursor.toObject(message.keyCursor, options, _depth + 1);
        if (message.revisedKeyCursor != null && $Object.hasOwnProperty.call(message, "revisedKeyCursor"))
            object.revisedKeyCursor = $root.Cursor.toObject(message.revisedKeyCursor, options, _depth + 1);
        return object;
    };

    FetchState.prototype.toJSON = function() {
        return FetchState.toObject(this, $protobuf.util.toJSONOptions);
    };

    return FetchState;
})();

export const Cursor = $root.Cursor = (() => {

    const Cursor = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    Cursor.prototype.timestamp = 0;

    Cursor.prototype.nextToken = "";

    Cursor.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.timestamp != null && $Object.hasOwnProperty.call(message, "timestamp") && (typeof message.timestamp === "object" ? message.timestamp.low || message.timestamp.high : message.timestamp !== 0))
            writer.uint32(/* id 1, wireType 0 =*/8).int64(message.timestamp);
        if (message.nextToken != null && $Object.hasOwnProperty.call(message, "nextToken") && message.nextToken !== "")
            writer.uint32(/* id 2, wireType 2 =*/18).string(message.nextToken);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    Cursor.decode = function (reader, length, _end, _depth, _target) {
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
        message = _target || new $root.Cursor();
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
                    if (wireType !== 0)
                        break;
                    if (typeof (value = reader.int64().toNumber()) === "object" ? value.low || value.high : value !== 0)
                        message.timestamp = value;
                    else
                        delete message.timestamp;
                    continue;
                }
            case 2: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.stringVerify()).length)
                        message.nextToken = value;
                    else
                        delete message.nextToken;
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

    Cursor.fromObject = function (object, _depth) {
        if (object instanceof $root.Cursor)
            return object;
        if (!$util.isObject(object))
            throw $TypeError(".Cursor: object expected");
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let message = new $root.Cursor();
        if (object.timestamp != null)
            if (typeof object.timestamp === "object" ? object.timestamp.low || object.timestamp.high : $Number(object.timestamp) !== 0)
                if ($util.Long)
                    message.timestamp = $util.Long.fromValue(object.timestamp, false).toNumber();
                else if (typeof object.timestamp === "string")
                    message.timestamp = $parseInt(object.timestamp, 10);
                else if (typeof object.timestamp === "number")
                    message.timestamp = object.timestamp;
                else if (typeof object.timestamp === "object")
                    message.timestamp = new $util.LongBits(object.timestamp.low >>> 0, object.timestamp.high >>> 0).toNumber();
        if (object.nextToken != null)
            if (typeof object.nextToken !== "string" || object.nextToken.length)
                message.nextToken = $String(object.nextToken);
        return message;
    };

    Cursor.toObject = function (message, options, _depth) {
        if (!options)
            options = {};
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let object = {};
        if (options.defaults) {
            if ($util.Long) {
                let long = new $util.Long(0, 0, false);
                object.timestamp = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
            } else
                object.timestamp = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
            object.nextToken = "";
        }
        if (message.timestamp != null && $Object.hasOwnProperty.call(message, "timestamp"))
            if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                object.timestamp = typeof message.timestamp === "number" ? $BigInt(message.timestamp) : $util.Long.fromBits(message.timestamp.low >>> 0, message.timestamp.high >>> 0, false).toBigInt();
            else if (typeof message.timestamp === "number")
                object.timestamp = options.longs === $String ? $String(message.timestamp) : message.timestamp;
            else
                object.timestamp = options.longs === $String ? $util.Long.prototype.toString.call(message.timestamp) : options.longs === $Number ? new $util.LongBits(message.timestamp.low >>> 0, message.timestamp.high >>> 0).toNumber() : message.timestamp;
        if (message.nextToken != null && $Object.hasOwnProperty.call(message, "nextToken"))
            object.nextToken = message.nextToken;
        return object;
    };

    Cursor.prototype.toJSON = function() {
        return Cursor.toObject(this, $protobuf.util.toJSONOptions);
    };

    return Cursor;
})();

export const ExposureKey = $root.ExposureKey = (() => {

    const ExposureKey = function (properties) {
        this.regions = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    ExposureKey.prototype.exposureKey = $util.newBuffer([]);

    ExposureKey.prototype.transmissionRisk = 0;

    ExposureKey.prototype.intervalNumber = 0;

    ExposureKey.prototype.intervalCount = 0;

    ExposureKey.prototype.reportType = 0;

    ExposureKey.prototype.daysSinceOnsetOfSymptoms = 0;

    ExposureKey.prototype.hasSymptomOnset = false;

    ExposureKey.prototype.traveler = false;

    ExposureKey.prototype.regions = $util.emptyArray;

    ExposureKey.prototype.homeServerId = "";

    ExposureKey.prototype.hops = 0;

    ExposureKey.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.exposureKey != null && $Object.hasOwnProperty.call(message, "exposureKey") && message.exposureKey.length)
            writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.exposureKey);
        if (message.transmissionRisk != null && $Object.hasOwnProperty.call(message, "transmissionRisk") && message.transmissionRisk !== 0)
            writer.uint32(/* id 2, wireType 0 =*/16).int32(message.transmissionRisk);
        if (message.intervalNumber != null && $Object.hasOwnProperty.call(message, "intervalNumber") && message.intervalNumber !== 0)
            writer.uint32(/* id 3, wireType 0 =*/24).int32(message.intervalNumber);
        if (message.intervalCount != null && $Object.hasOwnProperty.call(message, "intervalCount") && message.intervalCount !== 0)
            writer.uint32(/* id 4, wireType 0 =*/32).int32(message.intervalCount);
        if (message.reportType != null && $Object.hasOwnProperty.call(message, "reportType") && message.reportType !== 0)
            writer.uint32(/* id 5, wireType 0 =*/40).int32(message.reportType);
        if (message.daysSinceOnsetOfSymptoms != null && $Object.hasOwnProperty.call(message, "daysSinceOnsetOfSymptoms") && message.daysSinceOnsetOfSymptoms !== 0)
            writer.uint32(/* id 6, wireType 0 =*/48).sint32(message.daysSinceOnsetOfSymptoms);
        if (message.hasSymptomOnset != null && $Object.hasOwnProperty.call(message, "hasSymptomOnset") && message.hasSymptomOnset !== false)
            writer.uint32(/* id 7, wireType 0 =*/56).bool(message.hasSymptomOnset);
        if (message.traveler != null && $Object.hasOwnProperty.call(message, "traveler") && message.traveler !== false)
            writer.uint32(/* id 8, wireType 0 =*/64).bool(message.traveler);
        if (message.regions != null && message.regions.length)
            for (let i = 0; i < message.regions.length; ++i)
                writer.uint32(/* id 9, wireType 2 =*/74).string(message.regions[i]);
        if (message.homeServerId != null && $Object.hasOwnProperty.call(message, "homeServerId") && message.homeServerId !== "")
            writer.uint32(/* id 100, wireType 2 =*/802).string(message.homeServerId);
        if (message.hops != null && $Object.hasOwnProperty.call(message, "hops") && message.hops !== 0)
            writer.uint32(/* id 101, wireType 0 =*/808).uint32(message.hops);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    ExposureKey.decode = function (reader, length, _end, _depth, _target) {
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
        message = _target || new $root.ExposureKey();
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
                        message.exposureKey = value;
                    else
                        delete message.exposureKey;
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.transmissionRisk = value;
                    else
                        delete message.transmissionRisk;
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.intervalNumber = value;
                    else
                        delete message.intervalNumber;
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.intervalCount = value;
                    else
                        delete message.intervalCount;
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.reportType = value;
                    else
                        delete message.reportType;
                    continue;
                }
            case 6: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.sint32())
                        message.daysSinceOnsetOfSymptoms = value;
                    else
                        delete message.daysSinceOnsetOfSymptoms;
                    continue;
                }
            case 7: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.hasSymptomOnset = value;
                    else
                        delete message.hasSymptomOnset;
                    continue;
                }
            case 8: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.traveler = value;
                    else
                        delete message.traveler;
                    continue;
                }
            case 9: {
                    if (wireType !== 2)
                        break;
                    if (!(message.regions && message.regions.length))
                        message.regions = [];
                    message.regions.push(reader.stringVerify());
                    continue;
                }
            case 100: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.stringVerify()).length)
                        message.homeServerId = value;
                    else
                        delete message.homeServerId;
                    continue;
                }
            case 101: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.hops = value;
                    else
                        delete message.hops;
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

    ExposureKey.fromObject = function (object, _depth) {
        if (object instanceof $root.ExposureKey)
            return object;
        if (!$util.isObject(object))
            throw $TypeError(".ExposureKey: object expected");
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let message = new $root.ExposureKey();
        if (object.exposureKey != null)
            if (object.exposureKey.length)
                if (typeof object.exposureKey === "string")
                    $util.base64.decode(object.exposureKey, message.exposureKey = $util.newBuffer($util.base64.length(object.exposureKey)), 0);
                else if (object.exposureKey.length >= 0)
                    message.exposureKey = object.exposureKey;
        if (object.transmissionRisk != null)
            if ($Number(object.transmissionRisk) !== 0)
                message.transmissionRisk = object.transmissionRisk | 0;
        if (object.intervalNumber != null)
            if ($Number(object.intervalNumber) !== 0)
                message.intervalNumber = object.intervalNumber | 0;
        if (object.intervalCount != null)
            if ($Number(object.intervalCount) !== 0)
                message.intervalCount = object.intervalCount | 0;
        if (object.reportType !== 0 && (typeof object.reportType !== "string" || $root.ExposureKey.ReportType[object.reportType] !== 0))
            switch (object.reportType) {
            case "UNKNOWN":
            case 0:
                message.reportType = 0;
                break;
            case "CONFIRMED_TEST":
            case 1:
                message.reportType = 1;
                break;
            case "CONFIRMED_CLINICAL_DIAGNOSIS":
            case 2:
                message.reportType = 2;
                break;
            case "SELF_REPORT":
            case 3:
                message.reportType = 3;
                break;
            case "RECURSIVE":
            case 4:
                message.reportType = 4;
                break;
            case "REVOKED":
            case 5:
                message.reportType = 5;
                break;
            default:
                if (typeof object.reportType === "number" && (object.reportType | 0) === object.reportType)
                    message.reportType = object.reportType;
            }
        if (object.daysSinceOnsetOfSymptoms != null)
            if ($Number(object.daysSinceOnsetOfSymptoms) !== 0)
                message.daysSinceOnsetOfSymptoms = object.daysSinceOnsetOfSymptoms | 0;
        if (object.hasSymptomOnset != null)
            if (object.hasSymptomOnset)
                message.hasSymptomOnset = $Boolean(object.hasSymptomOnset);
        if (object.traveler != null)
            if (object.traveler)
                message.traveler = $Boolean(object.traveler);
        if (object.regions) {
            if (!$Array.isArray(object.regions))
                throw $TypeError(".ExposureKey.regions: array expected");
            message.regions = $Array(object.regions.length);
            for (let i = 0; i < object.regions.length; ++i)
                message.regions[i] = $String(object.regions[i]);
        }
        if (object.homeServerId != null)
            if (typeof object.homeServerId !== "string" || object.homeServerId.length)
                message.homeServerId = $String(object.homeServerId);
        if (object.hops != null)
            if ($Number(object.hops) !== 0)
                message.hops = object.hops >>> 0;
        return message;
    };

    ExposureKey.toObject = function (message, options, _depth) {
        if (!options)
            options = {};
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        let object = {};
        if (options.arrays || options.defaults)
            object.regions = [];
        if (options.defaults) {
            if (options.bytes === $String)
                object.exposureKey = "";
            else {
                object.exposureKey = [];
                if (options.bytes !== $Array)
                    object.exposureKey = $util.newBuffer(object.exposureKey);
            }
            object.transmissionRisk = 0;
            object.intervalNumber = 0;
            object.intervalCount = 0;
            object.reportType = options.enums === $String ? "UNKNOWN" : 0;
            object.daysSinceOnsetOfSymptoms = 0;
            object.hasSymptomOnset = false;
            object.traveler = false;
            object.homeServerId = "";
            object.hops = 0;
        }
        if (message.exposureKey != null && $Object.hasOwnProperty.call(message, "exposureKey"))
            object.exposureKey = options.bytes === $String ? $util.base64.encode(message.exposureKey, 0, message.exposureKey.length) : options.bytes === $Array ? $Array.prototype.slice.call(message.exposureKey) : message.exposureKey;
        if (message.transmissionRisk != null && $Object.hasOwnProperty.call(message, "transmissionRisk"))
            object.transmissionRisk = message.transmissionRisk;
        if (message.intervalNumber != null && $Object.hasOwnProperty.call(message, "intervalNumber"))
            object.intervalNumber = message.intervalNumber;
        if (message.intervalCount != null && $Object.hasOwnProperty.call(message, "intervalCount"))
            object.intervalCount = message.intervalCount;
        if (message.reportType != null && $Object.hasOwnProperty.call(message, "reportType"))
            object.reportType = options.enums === $String ? $root.ExposureKey.ReportType[message.reportType] === $undefined ? message.reportType : $root.ExposureKey.ReportType[message.reportType] : message.reportType;
        if (message.daysSinceOnsetOfSymptoms != null && $Object.hasOwnProperty.call(message, "daysSinceOnsetOfSymptoms"))
            object.daysSinceOnsetOfSymptoms = message.daysSinceOnsetOfSymptoms;
        if (message.hasSymptomOnset != null && $Object.hasOwnProperty.call(message, "hasSymptomOnset"))
            object.hasSymptomOnset = message.hasSymptomOnset;
        if (message.traveler != null && $Object.hasOwnProperty.call(message, "traveler"))
            object.traveler = message.traveler;
        if (message.regions && message.regions.length) {
            object.regions = $Array(message.regions.length);
            for (let j = 0; j < message.regions.length; ++j)
                object.regions[j] = message.regions[j];
        }
        if (message.homeServerId != null && $Object.hasOwnProperty.call(message, "homeServerId"))
            object.homeServerId = message.homeServerId;
        if (message.hops != null && $Object.hasOwnProperty.call(message, "hops"))
            object.hops = message.hops;
        return object;
    };

    ExposureKey.prototype.toJSON = function() {
        return ExposureKey.toObject(this, $protobuf.util.toJSONOptions);
    };

    ExposureKey.ReportType = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "UNKNOWN"] = 0;
        values[valuesById[1] = "CONFIRMED_TEST"] = 1;
        values[valuesById[2] = "CONFIRMED_CLINICAL_DIAGNOSIS"] = 2;
        values[valuesById[3] = "SELF_REPORT"] = 3;
        values[valuesById[4] = "RECURSIVE"] = 4;
        values[valuesById[5] = "REVOKED"] = 5;
        return values;
    })();

    return ExposureKey;
})();

export const wayfarer = $root.wayfarer = (() => {

    const wayfarer = {};

    wayfarer.federation = (function() {

        const federation = {};

        federation.v1 = (function() {

            const v1 = {};

            v1.PushRequest = (function() {

                const PushRequest = function (properties) {
                    this.keys = [];
                    this.revisedKeys = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                PushRequest.prototype.batchId = "";

                PushRequest.prototype.keys = $util.emptyArray;

                PushRequest.prototype.revisedKeys = $util.emptyArray;

                PushRequest.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.batchId != null && $Object.hasOwnProperty.call(message, "batchId") && message.batchId !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.batchId);
                    if (message.keys != null && message.keys.length)
                        for (let i = 0; i < message.keys.length; ++i)
                            $root.ExposureKey.encode(message.keys[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.revisedKeys != null && message.revisedKeys.length)
                        for (let i = 0; i < message.revisedKeys.length; ++i)
                            $root.ExposureKey.encode(message.revisedKeys[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                PushRequest.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.wayfarer.federation.v1.PushRequest();
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
                                if ((value = reader.stringVerify()).length)
                                    message.batchId = value;
                                else
                                    delete message.batchId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.keys && message.keys.length))
                                    message.keys = [];
                                message.keys.push($root.ExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.revisedKeys && message.revisedKeys.length))
                                    message.revisedKeys = [];
                                message.revisedKeys.push($root.ExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
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

                PushRequest.fromObject = function (object, _depth) {
                    if (object instanceof $root.wayfarer.federation.v1.PushRequest)
                        return object;
                    if (!$util.isObject(object))
                        throw $TypeError(".wayfarer.federation.v1.PushRequest: object expected");
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let message = new $root.wayfarer.federation.v1.PushRequest();
                    if (object.batchId != null)
                        if (typeof object.batchId !== "string" || object.batchId.length)
                            message.batchId = $String(object.batchId);
                    if (object.keys) {
                        if (!$Array.isArray(object.keys))
                            throw $TypeError(".wayfarer.federation.v1.PushRequest.keys: array expected");
                        message.keys = $Array(object.keys.length);
                        for (let i = 0; i < object.keys.length; ++i) {
                            if (!$util.isObject(object.keys[i]))
                                throw $TypeError(".wayfarer.federation.v1.PushRequest.keys: object expected");
                            message.keys[i] = $root.ExposureKey.fromObject(object.keys[i], _depth + 1);
                        }
                    }
                    if (object.revisedKeys) {
                        if (!$Array.isArray(object.revisedKeys))
                            throw $TypeError(".wayfarer.federation.v1.PushRequest.revisedKeys: array expected");
                        message.revisedKeys = $Array(object.revisedKeys.length);
                        for (let i = 0; i < object.revisedKeys.length; ++i) {
                            if (!$util.isObject(object.revisedKeys[i]))
                                throw $TypeError(".wayfarer.federation.v1.PushRequest.revisedKeys: object expected");
                            message.revisedKeys[i] = $root.ExposureKey.fromObject(object.revisedKeys[i], _depth + 1);
                        }
                    }
                    return message;
                };

                PushRequest.toObject = function (message, options, _depth) {
                    if (!options)
                        options = {};
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let object = {};
                    if (options.arrays || options.defaults) {
                        object.keys = [];
                        object.revisedKeys = [];
                    }
                    if (options.defaults)
                        object.batchId = "";
                    if (message.batchId != null && $Object.hasOwnProperty.call(message, "batchId"))
                        object.batchId = message.batchId;
                    if (message.keys && message.keys.length) {
                        object.keys = $Array(message.keys.length);
                        for (let j = 0; j < message.keys.length; ++j)
                            object.keys[j] = $root.ExposureKey.toObject(message.keys[j], options, _depth + 1);
                    }
                    if (message.revisedKeys && message.revisedKeys.length) {
                        object.revisedKeys = $Array(message.revisedKeys.length);
                        for (let j = 0; j < message.revisedKeys.length; ++j)
                            object.revisedKeys[j] = $root.ExposureKey.toObject(message.revisedKeys[j], options, _depth + 1);
                    }
                    return object;
                };

                PushRequest.prototype.toJSON = function() {
                    return PushRequest.toObject(this, $protobuf.util.toJSONOptions);
                };

                return PushRequest;
            })();

            v1.PushResponse = (function() {

                const PushResponse = function (properties) {
                    this.verdicts = [];
                    this.revisedVerdicts = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                PushResponse.prototype.verdicts = $util.emptyArray;

                PushResponse.prototype.revisedVerdicts = $util.emptyArray;

                PushResponse.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.verdicts != null && message.verdicts.length)
                        for (let i = 0; i < message.verdicts.length; ++i)
                            $root.wayfarer.federation.v1.Verdict.encode(message.verdicts[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.revisedVerdicts != null && message.revisedVerdicts.length)
                        for (let i = 0; i < message.revisedVerdicts.length; ++i)
                            $root.wayfarer.federation.v1.Verdict.encode(message.revisedVerdicts[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                PushResponse.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.wayfarer.federation.v1.PushResponse();
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
                                if (!(message.verdicts && message.verdicts.length))
                                    message.verdicts = [];
                                message.verdicts.push($root.wayfarer.federation.v1.Verdict.decode(reader, reader.size(), $undefined, _depth + 1));
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.revisedVerdicts && message.revisedVerdicts.length))
                                    message.revisedVerdicts = [];
                                message.revisedVerdicts.push($root.wayfarer.federation.v1.Verdict.decode(reader, reader.size(), $undefined, _depth + 1));
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

                PushResponse.fromObject = function (object, _depth) {
                    if (object instanceof $root.wayfarer.federation.v1.PushResponse)
                        return object;
                    if (!$util.isObject(object))
                        throw $TypeError(".wayfarer.federation.v1.PushResponse: object expected");
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let message = new $root.wayfarer.federation.v1.PushResponse();
                    if (object.verdicts) {
                        if (!$Array.isArray(object.verdicts))
                            throw $TypeError(".wayfarer.federation.v1.PushResponse.verdicts: array expected");
                        message.verdicts = $Array(object.verdicts.length);
                        for (let i = 0; i < object.verdicts.length; ++i) {
                            if (!$util.isObject(object.verdicts[i]))
                                throw $TypeError(".wayfarer.federation.v1.PushResponse.verdicts: object expected");
                            message.verdicts[i] = $root.wayfarer.federation.v1.Verdict.fromObject(object.verdicts[i], _depth + 1);
                        }
                    }
                    if (object.revisedVerdicts) {
                        if (!$Array.isArray(object.revisedVerdicts))
                            throw $TypeError(".wayfarer.federation.v1.PushResponse.revisedVerdicts: array expected");
                        message.revisedVerdicts = $Array(object.revisedVerdicts.length);
                        for (let i = 0; i < object.revisedVerdicts.length; ++i) {
                            if (!$util.isObject(object.revisedVerdicts[i]))
                                throw $TypeError(".wayfarer.federation.v1.PushResponse.revisedVerdicts: object expected");
                            message.revisedVerdicts[i] = $root.wayfarer.federation.v1.Verdict.fromObject(object.revisedVerdicts[i], _depth + 1);
                        }
                    }
                    return message;
                };

                PushResponse.toObject = function (message, options, _depth) {
                    if (!options)
                        options = {};
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let object = {};
                    if (options.arrays || options.defaults) {
                        object.verdicts = [];
                        object.revisedVerdicts = [];
                    }
                    if (message.verdicts && message.verdicts.length) {
                        object.verdicts = $Array(message.verdicts.length);
                        for (let j = 0; j < message.verdicts.length; ++j)
                            object.verdicts[j] = $root.wayfarer.federation.v1.Verdict.toObject(message.verdicts[j], options, _depth + 1);
                    }
                    if (message.revisedVerdicts && message.revisedVerdicts.length) {
                        object.revisedVerdicts = $Array(message.revisedVerdicts.length);
                        for (let j = 0; j < message.revisedVerdicts.length; ++j)
                            object.revisedVerdicts[j] = $root.wayfarer.federation.v1.Verdict.toObject(message.revisedVerdicts[j], options, _depth + 1);
                    }
                    return object;
                };

                PushResponse.prototype.toJSON = function() {
                    return PushResponse.toObject(this, $protobuf.util.toJSONOptions);
                };

                return PushResponse;
            })();

            v1.Verdict = (function() {

                const Verdict = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                Verdict.prototype.verdict = 0;

                Verdict.prototype.reason = "";

                Verdict.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.verdict != null && $Object.hasOwnProperty.call(message, "verdict") && message.verdict !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).int32(message.verdict);
                    if (message.reason != null && $Object.hasOwnProperty.call(message, "reason") && message.reason !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.reason);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                Verdict.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.wayfarer.federation.v1.Verdict();
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
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.verdict = value;
                                else
                                    delete message.verdict;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.reason = value;
                                else
                                    delete message.reason;
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

                Verdict.fromObject = function (object, _depth) {
                    if (object instanceof $root.wayfarer.federation.v1.Verdict)
                        return object;
                    if (!$util.isObject(object))
                        throw $TypeError(".wayfarer.federation.v1.Verdict: object expected");
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let message = new $root.wayfarer.federation.v1.Verdict();
                    if (object.verdict !== 0 && (typeof object.verdict !== "string" || $root.wayfarer.federation.v1.Verdict.Kind[object.verdict] !== 0))
                        switch (object.verdict) {
                        case "UNSPECIFIED":
                        case 0:
                            message.verdict = 0;
                            break;
                        case "STORED":
                        case 1:
                            message.verdict = 1;
                            break;
                        case "REVISED":
                        case 2:
                            message.verdict = 2;
                            break;
                        case "DUPLICATE":
                        case 3:
                            message.verdict = 3;
                            break;
                        case "REFUSED":
                        case 4:
                            message.verdict = 4;
                            break;
                        default:
                            if (typeof object.verdict === "number" && (object.verdict | 0) === object.verdict)
                                message.verdict = object.verdict;
                        }
                    if (object.reason != null)
                        if (typeof object.reason !== "string" || object.reason.length)
                            message.reason = $String(object.reason);
                    return message;
                };

                Verdict.toObject = function (message, options, _depth) {
                    if (!options)
                        options = {};
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let object = {};
                    if (options.defaults) {
                        object.verdict = options.enums === $String ? "UNSPECIFIED" : 0;
                        object.reason = "";
                    }
                    if (message.verdict != null && $Object.hasOwnProperty.call(message, "verdict"))
                        object.verdict = options.enums === $String ? $root.wayfarer.federation.v1.Verdict.Kind[message.verdict] === $undefined ? message.verdict : $root.wayfarer.federation.v1.Verdict.Kind[message.verdict] : message.verdict;
                    if (message.reason != null && $Object.hasOwnProperty.call(message, "reason"))
                        object.reason = message.reason;
                    return object;
                };

                Verdict.prototype.toJSON = function() {
                    return Verdict.toObject(this, $protobuf.util.toJSONOptions);
                };

                Verdict.Kind = (function() {
                    const valuesById = $Object.create(null), values = $Object.create(valuesById);
                    values[valuesById[0] = "UNSPECIFIED"] = 0;
                    values[valuesById[1] = "STORED"] = 1;
                    values[valuesById[2] = "REVISED"] = 2;
                    values[valuesById[3] = "DUPLICATE"] = 3;
                    values[valuesById[4] = "REFUSED"] = 4;
                    return values;
                })();

                return Verdict;
            })();

            v1.DescribeRequest = (function() {

                const DescribeRequest = function (properties) {
                    this.includeRegions = [];
                    this.excludeRegions = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                DescribeRequest.prototype.fromDay = null;

                DescribeRequest.prototype.untilDay = null;

                DescribeRequest.prototype.includeRegions = $util.emptyArray;

                DescribeRequest.prototype.excludeRegions = $util.emptyArray;

                DescribeRequest.prototype.onlyTravelers = false;

                DescribeRequest.prototype.onlyLocalProvenance = false;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(DescribeRequest.prototype, "_fromDay", {
                    get: $util.oneOfGetter($oneOfFields = ["fromDay"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                // Virtual OneOf for proto3 optional field
                $Object.defineProperty(DescribeRequest.prototype, "_untilDay", {
                    get: $util.oneOfGetter($oneOfFields = ["untilDay"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                DescribeRequest.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.fromDay != null && $Object.hasOwnProperty.call(message, "fromDay"))
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.fromDay);
                    if (message.untilDay != null && $Object.hasOwnProperty.call(message, "untilDay"))
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.untilDay);
                    if (message.includeRegions != null && message.includeRegions.length)
                        for (let i = 0; i < message.includeRegions.length; ++i)
                            writer.uint32(/* id 3, wireType 2 =*/26).string(message.includeRegions[i]);
                    if (message.excludeRegions != null && message.excludeRegions.length)
                        for (let i = 0; i < message.excludeRegions.length; ++i)
                            writer.uint32(/* id 4, wireType 2 =*/34).string(message.excludeRegions[i]);
                    if (message.onlyTravelers != null && $Object.hasOwnProperty.call(message, "onlyTravelers") && message.onlyTravelers !== false)
                        writer.uint32(/* id 5, wireType 0 =*/40).bool(message.onlyTravelers);
                    if (message.onlyLocalProvenance != null && $Object.hasOwnProperty.call(message, "onlyLocalProvenance") && message.onlyLocalProvenance !== false)
                        writer.uint32(/* id 6, wireType 0 =*/48).bool(message.onlyLocalProvenance);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                DescribeRequest.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.wayfarer.federation.v1.DescribeRequest();
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
                                if (wireType !== 0)
                                    break;
                                message.fromDay = reader.uint32();
                                message._fromDay = "fromDay";
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                message.untilDay = reader.uint32();
                                message._untilDay = "untilDay";
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.includeRegions && message.includeRegions.length))
                                    message.includeRegions = [];
                                message.includeRegions.push(reader.stringVerify());
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.excludeRegions && message.excludeRegions.length))
                                    message.excludeRegions = [];
                                message.excludeRegions.push(reader.stringVerify());
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.onlyTravelers = value;
                                else
                                    delete message.onlyTravelers;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.onlyLocalProvenance = value;
                                else
                                    delete message.onlyLocalProvenance;
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

                DescribeRequest.fromObject = function (object, _depth) {
                    if (object instanceof $root.wayfarer.federation.v1.DescribeRequest)
                        return object;
                    if (!$util.isObject(object))
                        throw $TypeError(".wayfarer.federation.v1.DescribeRequest: object expected");
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let message = new $root.wayfarer.federation.v1.DescribeRequest();
                    if (object.fromDay != null)
                        message.fromDay = object.fromDay >>> 0;
                    if (object.untilDay != null)
                        message.untilDay = object.untilDay >>> 0;
                    if (object.includeRegions) {
                        if (!$Array.isArray(object.includeRegions))
                            throw $TypeError(".wayfarer.federation.v1.DescribeRequest.includeRegions: array expected");
                        message.includeRegions = $Array(object.includeRegions.length);
                        for (let i = 0; i < object.includeRegions.length; ++i)
                            message.includeRegions[i] = $String(object.includeRegions[i]);
                    }
                    if (object.excludeRegions) {
                        if (!$Array.isArray(object.excludeRegions))
                            throw $TypeError(".wayfarer.federation.v1.DescribeRequest.excludeRegions: array expected");
                        message.excludeRegions = $Array(object.excludeRegions.length);
                        for (let i = 0; i < object.excludeRegions.length; ++i)
                            message.excludeRegions[i] = $String(object.excludeRegions[i]);
                    }
                    if (object.onlyTravelers != null)
                        if (object.onlyTravelers)
                            message.onlyTravelers = $Boolean(object.onlyTravelers);
                    if (object.onlyLocalProvenance != null)
                        if (object.onlyLocalProvenance)
                            message.onlyLocalProvenance = $Boolean(object.onlyLocalProvenance);
                    return message;
                };

                DescribeRequest.toObject = function (message, options, _depth) {
                    if (!options)
                        options = {};
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let object = {};
                    if (options.arrays || options.defaults) {
                        object.includeRegions = [];
                        object.excludeRegions = [];
                    }
                    if (options.defaults) {
                        object.onlyTravelers = false;
                        object.onlyLocalProvenance = false;
                    }
                    if (message.fromDay != null && $Object.hasOwnProperty.call(message, "fromDay"))
                        object.fromDay = message.fromDay;
                    if (message.untilDay != null && $Object.hasOwnProperty.call(message, "untilDay"))
                        object.untilDay = message.untilDay;
                    if (message.includeRegions && message.includeRegions.length) {
                        object.includeRegions = $Array(message.includeRegions.length);
                        for (let j = 0; j < message.includeRegions.length; ++j)
                            object.includeRegions[j] = message.includeRegions[j];
                    }
                    if (message.excludeRegions && message.excludeRegions.length) {
                        object.excludeRegions = $Array(message.excludeRegions.length);
                        for (let j = 0; j < message.excludeRegions.length; ++j)
                            object.excludeRegions[j] = message.excludeRegions[j];
                    }
                    if (message.onlyTravelers != null && $Object.hasOwnProperty.call(message, "onlyTravelers"))
                        object.onlyTravelers = message.onlyTravelers;
                    if (message.onlyLocalProvenance != null && $Object.hasOwnProperty.call(message, "onlyLocalProvenance"))
                        object.onlyLocalProvenance = message.onlyLocalProvenance;
                    return object;
                };

                DescribeRequest.prototype.toJSON = function() {
                    return DescribeRequest.toObject(this, $protobuf.util.toJSONOptions);
                };

                return DescribeRequest;
            })();

            v1.DescribeResponse = (function() {

                const DescribeResponse = function (properties) {
                    this.regions = [];
                    this.days = [];
                    this.protocols = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                DescribeResponse.prototype.serverId = "";

                DescribeResponse.prototype.regions = $util.emptyArray;

                DescribeResponse.prototype.limits = null;

                DescribeResponse.prototype.days = $util.emptyArray;

                DescribeResponse.prototype.publicKeys = "";

                DescribeResponse.prototype.protocols = $util.emptyArray;

                DescribeResponse.prototype.closedThrough = 0;

                DescribeResponse.prototype.digestsFromDay = 0;

                DescribeResponse.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.serverId != null && $Object.hasOwnProperty.call(message, "serverId") && message.serverId !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.serverId);
                    if (message.regions != null && message.regions.length)
                        for (let i = 0; i < message.regions.length; ++i)
                            writer.uint32(/* id 2, wireType 2 =*/18).string(message.regions[i]);
                    if (message.limits != null && $Object.hasOwnProperty.call(message, "limits"))
                        $root.wayfarer.federation.v1.Limits.encode(message.limits, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                    if (message.days != null && message.days.length)
                        for (let i = 0; i < message.days.length; ++i)
                            $root.wayfarer.federation.v1.DayDigest.encode(message.days[i], writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                    if (message.publicKeys != null && $Object.hasOwnProperty.call(message, "publicKeys") && message.publicKeys !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.publicKeys);
                    if (message.protocols != null && message.protocols.length)
                        for (let i = 0; i < message.protocols.length; ++i)
                            writer.uint32(/* id 6, wireType 2 =*/50).string(message.protocols[i]);
                    if (message.closedThrough != null && $Object.hasOwnProperty.call(message, "closedThrough") && (typeof message.closedThrough === "object" ? message.closedThrough.low || message.closedThrough.high : message.closedThrough !== 0))
                        writer.uint32(/* id 7, wireType 0 =*/56).int64(message.closedThrough);
                    if (message.digestsFromDay != null && $Object.hasOwnProperty.call(message, "digestsFromDay") && message.digestsFromDay !== 0)
                        writer.uint32(/* id 8, wireType 0 =*/64).uint32(message.digestsFromDay);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                DescribeResponse.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.wayfarer.federation.v1.DescribeResponse();
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
                                if ((value = reader.stringVerify()).length)
                                    message.serverId = value;
                                else
                                    delete message.serverId;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.regions && message.regions.length))
                                    message.regions = [];
                                message.regions.push(reader.stringVerify());
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                message.limits = $root.wayfarer.federation.v1.Limits.decode(reader, reader.size(), $undefined, _depth + 1, message.limits);
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.days && message.days.length))
                                    message.days = [];
                                message.days.push($root.wayfarer.federation.v1.DayDigest.decode(reader, reader.size(), $undefined, _depth + 1));
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.publicKeys = value;
                                else
                                    delete message.publicKeys;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.protocols && message.protocols.length))
                                    message.protocols = [];
                                message.protocols.push(reader.stringVerify());
                                continue;
                            }
                        case 7: {
                                if (wireType !== 0)
                                    break;
                                if (typeof (value = reader.int64().toNumber()) === "object" ? value.low || value.high : value !== 0)
                                    message.closedThrough = value;
                                else
                                    delete message.closedThrough;
                                continue;
                            }
                        case 8: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.digestsFromDay = value;
                                else
                                    delete message.digestsFromDay;
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

                DescribeResponse.fromObject = function (object, _depth) {
                    if (object instanceof $root.wayfarer.federation.v1.DescribeResponse)
                        return object;
                    if (!$util.isObject(object))
                        throw $TypeError(".wayfarer.federation.v1.DescribeResponse: object expected");
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let message = new $root.wayfarer.federation.v1.DescribeResponse();
                    if (object.serverId != null)
                        if (typeof object.serverId !== "string" || object.serverId.length)
                            message.serverId = $String(object.serverId);
                    if (object.regions) {
                        if (!$Array.isArray(object.regions))
                            throw $TypeError(".wayfarer.federation.v1.DescribeResponse.regions: array expected");
                        message.regions = $Array(object.regions.length);
                        for (let i = 0; i < object.regions.length; ++i)
                            message.regions[i] = $String(object.regions[i]);
                    }
                    if (object.limits != null) {
                        if (!$util.isObject(object.limits))
                            throw $TypeError(".wayfarer.federation.v1.DescribeResponse.limits: object expected");
                        message.limits = $root.wayfarer.federation.v1.Limits.fromObject(object.limits, _depth + 1);
                    }
                    if (object.days) {
                        if (!$Array.isArray(object.days))
                            throw $TypeError(".wayfarer.federation.v1.DescribeResponse.days: array expected");
                        message.days = $Array(object.days.length);
                        for (let i = 0; i < object.days.length; ++i) {
                            if (!$util.isObject(object.days[i]))
                                throw $TypeError(".wayfarer.federation.v1.DescribeResponse.days: object expected");
                            message.days[i] = $root.wayfarer.federation.v1.DayDigest.fromObject(object.days[i], _depth + 1);
                        }
                    }
                    if (object.publicKeys != null)
                        if (typeof object.publicKeys !== "string" || object.publicKeys.length)
                            message.publicKeys = $String(object.publicKeys);
                    if (object.protocols) {
                        if (!$Array.isArray(object.protocols))
                            throw $TypeError(".wayfarer.federation.v1.DescribeResponse.protocols: array expected");
                        message.protocols = $Array(object.protocols.length);
                        for (let i = 0; i < object.protocols.length; ++i)
                            message.protocols[i] = $String(object.protocols[i]);
                    }
                    if (object.closedThrough != null)
                        if (typeof object.closedThrough === "object" ? object.closedThrough.low || object.closedThrough.high : $Number(object.closedThrough) !== 0)
                            if ($util.Long)
                                message.closedThrough = $util.Long.fromValue(object.closedThrough, false).toNumber();
                            else if (typeof object.closedThrough === "string")
                                message.closedThrough = $parseInt(object.closedThrough, 10);
                            else if (typeof object.closedThrough === "number")
                                message.closedThrough = object.closedThrough;
                            else if (typeof object.closedThrough === "object")
                                message.closedThrough = new $util.LongBits(object.closedThrough.low >>> 0, object.closedThrough.high >>> 0).toNumber();
                    if (object.digestsFromDay != null)
                        if ($Number(object.digestsFromDay) !== 0)
                            message.digestsFromDay = object.digestsFromDay >>> 0;
                    return message;
                };

                DescribeResponse.toObject = function (message, options, _depth) {
                    if (!options)
                        options = {};
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let object = {};
                    if (options.arrays || options.defaults) {
                        object.regions = [];
                        object.days = [];
                        object.protocols = [];
                    }
                    if (options.defaults) {
                        object.serverId = "";
                        object.limits = null;
                        object.publicKeys = "";
                        if ($util.Long) {
                            let long = new $util.Long(0, 0, false);
                            object.closedThrough = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                        } else
                            object.closedThrough = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
                        object.digestsFromDay = 0;
                    }
                    if (message.serverId != null && $Object.hasOwnProperty.call(message, "serverId"))
                        object.serverId = message.serverId;
                    if (message.regions && message.regions.length) {
                        object.regions = $Array(message.regions.length);
                        for (let j = 0; j < message.regions.length; ++j)
                            object.regions[j] = message.regions[j];
                    }
                    if (message.limits != null && $Object.hasOwnProperty.call(message, "limits"))
                        object.limits = $root.wayfarer.federation.v1.Limits.toObject(message.limits, options, _depth + 1);
                    if (message.days && message.days.length) {
                        object.days = $Array(message.days.length);
                        for (let j = 0; j < message.days.length; ++j)
                            object.days[j] = $root.wayfarer.federation.v1.DayDigest.toObject(message.days[j], options, _depth + 1);
                    }
                    if (message.publicKeys != null && $Object.hasOwnProperty.call(message, "publicKeys"))
                        object.publicKeys = message.publicKeys;
                    if (message.protocols && message.protocols.length) {
                        object.protocols = $Array(message.protocols.length);
                        for (let j = 0; j < message.protocols.length; ++j)
                            object.protocols[j] = message.protocols[j];
                    }
                    if (message.closedThrough != null && $Object.hasOwnProperty.call(message, "closedThrough"))
                        if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                            object.closedThrough = typeof message.closedThrough === "number" ? $BigInt(message.closedThrough) : $util.Long.fromBits(message.closedThrough.low >>> 0, message.closedThrough.high >>> 0, false).toBigInt();
                        else if (typeof message.closedThrough === "number")
                            object.closedThrough = options.longs === $String ? $String(message.closedThrough) : message.closedThrough;
                        else
                            object.closedThrough = options.longs === $String ? $util.Long.prototype.toString.call(message.closedThrough) : options.longs === $Number ? new $util.LongBits(message.closedThrough.low >>> 0, message.closedThrough.high >>> 0).toNumber() : message.closedThrough;
                    if (message.digestsFromDay != null && $Object.hasOwnProperty.call(message, "digestsFromDay"))
                        object.digestsFromDay = message.digestsFromDay;
                    return object;
                };

                DescribeResponse.prototype.toJSON = function() {
                    return DescribeResponse.toObject(this, $protobuf.util.toJSONOptions);
                };

                return DescribeResponse;
            })();

            v1.Limits = (function() {

                const Limits = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                Limits.prototype.maxKeysPerPage = 0;

                Limits.prototype.maxBatchKeys = 0;

                Limits.prototype.maxBodyBytes = 0;

                Limits.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.maxKeysPerPage != null && $Object.hasOwnProperty.call(message, "maxKeysPerPage") && message.maxKeysPerPage !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.maxKeysPerPage);
                    if (message.maxBatchKeys != null && $Object.hasOwnProperty.call(message, "maxBatchKeys") && message.maxBatchKeys !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.maxBatchKeys);
                    if (message.maxBodyBytes != null && $Object.hasOwnProperty.call(message, "maxBodyBytes") && message.maxBodyBytes !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.maxBodyBytes);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                Limits.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.wayfarer.federation.v1.Limits();
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
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.maxKeysPerPage = value;
                                else
                                    delete message.maxKeysPerPage;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.maxBatchKeys = value;
                                else
                                    delete message.maxBatchKeys;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.maxBodyBytes = value;
                                else
                                    delete message.maxBodyBytes;
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

                Limits.fromObject = function (object, _depth) {
                    if (object instanceof $root.wayfarer.federation.v1.Limits)
                        return object;
                    if (!$util.isObject(object))
                        throw $TypeError(".wayfarer.federation.v1.Limits: object expected");
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let message = new $root.wayfarer.federation.v1.Limits();
                    if (object.maxKeysPerPage != null)
                        if ($Number(object.maxKeysPerPage) !== 0)
                            message.maxKeysPerPage = object.maxKeysPerPage >>> 0;
                    if (object.maxBatchKeys != null)
                        if ($Number(object.maxBatchKeys) !== 0)
                            message.maxBatchKeys = object.maxBatchKeys >>> 0;
                    if (object.maxBodyBytes != null)
                        if ($Number(object.maxBodyBytes) !== 0)
                            message.maxBodyBytes = object.maxBodyBytes >>> 0;
                    return message;
                };

                Limits.toObject = function (message, options, _depth) {
                    if (!options)
                        options = {};
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let object = {};
                    if (options.defaults) {
                        object.maxKeysPerPage = 0;
                        object.maxBatchKeys = 0;
                        object.maxBodyBytes = 0;
                    }
                    if (message.maxKeysPerPage != null && $Object.hasOwnProperty.call(message, "maxKeysPerPage"))
                        object.maxKeysPerPage = message.maxKeysPerPage;
                    if (message.maxBatchKeys != null && $Object.hasOwnProperty.call(message, "maxBatchKeys"))
                        object.maxBatchKeys = message.maxBatchKeys;
                    if (message.maxBodyBytes != null && $Object.hasOwnProperty.call(message, "maxBodyBytes"))
                        object.maxBodyBytes = message.maxBodyBytes;
                    return object;
                };

                Limits.prototype.toJSON = function() {
                    return Limits.toObject(this, $protobuf.util.toJSONOptions);
                };

                return Limits;
            })();

            v1.DayDigest = (function() {

                const DayDigest = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                DayDigest.prototype.day = 0;

                DayDigest.prototype.count = 0;

                DayDigest.prototype.digest = $util.newBuffer([]);

                DayDigest.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.day != null && $Object.hasOwnProperty.call(message, "day") && message.day !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.day);
                    if (message.count != null && $Object.hasOwnProperty.call(message, "count") && message.count !== 0)
                        writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.count);
                    if (message.digest != null && $Object.hasOwnProperty.call(message, "digest") && message.digest.length)
                        writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.digest);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                DayDigest.decode = function (reader, length, _end, _depth, _target) {
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
                    message = _target || new $root.wayfarer.federation.v1.DayDigest();
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
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.day = value;
                                else
                                    delete message.day;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.count = value;
                                else
                                    delete message.count;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.digest = value;
                                else
                                    delete message.digest;
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

                DayDigest.fromObject = function (object, _depth) {
                    if (object instanceof $root.wayfarer.federation.v1.DayDigest)
                        return object;
                    if (!$util.isObject(object))
                        throw $TypeError(".wayfarer.federation.v1.DayDigest: object expected");
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let message = new $root.wayfarer.federation.v1.DayDigest();
                    if (object.day != null)
                        if ($Number(object.day) !== 0)
                            message.day = object.day >>> 0;
                    if (object.count != null)
                        if ($Number(object.count) !== 0)
                            message.count = object.count >>> 0;
                    if (object.digest != null)
                        if (object.digest.length)
                            if (typeof object.digest === "string")
                                $util.base64.decode(object.digest, message.digest = $util.newBuffer($util.base64.length(object.digest)), 0);
                            else if (object.digest.length >= 0)
                                message.digest = object.digest;
                    return message;
                };

                DayDigest.toObject = function (message, options, _depth) {
                    if (!options)
                        options = {};
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    let object = {};
                    if (options.defaults) {
                        object.day = 0;
                        object.count = 0;
                        if (options.bytes === $String)
                            object.digest = "";
                        else {
                            object.digest = [];
                            if (options.bytes !== $Array)
                                object.digest = $util.newBuffer(object.digest);
                        }
                    }
                    if (message.day != null && $Object.hasOwnProperty.call(message, "day"))
                        object.day = message.day;
                    if (message.count != null && $Object.hasOwnProperty.call(message, "count"))
                        object.count = message.count;
                    if (message.digest != null && $Object.hasOwnProperty.call(message, "digest"))
                        object.digest = options.bytes === $String ? $util.base64.encode(message.digest, 0, message.digest.length) : options.bytes === $Array ? $Array.prototype.slice.call(message.digest) : message.digest;
                    return object;
                };

                DayDigest.prototype.toJSON = function() {
                    return DayDigest.toObject(this, $protobuf.util.toJSONOptions);
                };

                return DayDigest;
            })();

            return v1;
        })();

        return federation;
    })();

    return wayfarer;
})();

export {
  $root as default
};
