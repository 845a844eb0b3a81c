import * as $protobuf from "protobufjs/minimal.js";

/** Represents a FederationFetchRequest. */
export class FederationFetchRequest {

    /**
     * Constructs a new FederationFetchRequest.
     * @param [properties] Properties to set
     */
    constructor(properties?: FederationFetchRequest.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** FederationFetchRequest includeRegions. */
    includeRegions: string[];

    /** FederationFetchRequest excludeRegions. */
    excludeRegions: string[];

    /** FederationFetchRequest onlyTravelers. */
    onlyTravelers: boolean;

    /** FederationFetchRequest onlyLocalProvenance. */
    onlyLocalProvenance: boolean;

    /** FederationFetchRequest maxExposureKeys. */
    maxExposureKeys: number;

    /** FederationFetchRequest state. */
    state?: (FetchState.$Properties|null);

    /**
     * Encodes the specified FederationFetchRequest message. Does not implicitly {@link FederationFetchRequest.verify|verify} messages.
     * @param message FederationFetchRequest message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: FederationFetchRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a FederationFetchRequest message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {FederationFetchRequest & FederationFetchRequest.$Shape} FederationFetchRequest
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): FederationFetchRequest & FederationFetchRequest.$Shape;

    /**
     * Creates a FederationFetchRequest message from a plain object. Also converts values to their respective internal types.
     * @param object Plain object
     * @returns FederationFetchRequest
     */
    static fromObject(object: { [k: string]: any }): FederationFetchRequest;

    /**
     * Creates a plain object from a FederationFetchRequest message. Also converts values to other types if specified.
     * @param message FederationFetchRequest
     * @param [options] Conversion options
     * @returns Plain object
     */
    static toObject(message: FederationFetchRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

    /**
     * Converts this FederationFetchRequest to JSON.
     * @returns JSON object
     */
    toJSON(): { [k: string]: any };
}

export namespace FederationFetchRequest {

    /** Properties of a FederationFetchRequest. */
    interface $Properties {

        /** FederationFetchRequest includeRegions */
        includeRegions?: (string[]|null);

        /** FederationFetchRequest excludeRegions */
        excludeRegions?: (string[]|null);

        /** FederationFetchRequest onlyTravelers */
        onlyTravelers?: (boolean|null);

        /** FederationFetchRequest onlyLocalProvenance */
        onlyLocalProvenance?: (boolean|null);

        /** FederationFetchRequest maxExposureKeys */
        maxExposureKeys?: (number|null);

        /** FederationFetchRequest state */
        state?: (FetchState.$Properties|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a FederationFetchRequest. */
    type $Shape = FederationFetchRequest.$Properties;
}

/** Represents a FederationFetchResponse. */
export class FederationFetchResponse {

    /**
     * Constructs a new FederationFetchResponse.
     * @param [properties] Properties to set
     */
    constructor(properties?: FederationFetchResponse.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** FederationFetchResponse keys. */
    keys: ExposureKey.$Properties[];

    /** FederationFetchResponse revisedKeys. */
    revisedKeys: ExposureKey.$Properties[];

    /** FederationFetchResponse partialResponse. */
    partialResponse: boolean;

    /** FederationFetchResponse nextFetchState. */
    nextFetchState?: (FetchState.$Properties|null);

    /**
     * Encodes the specified FederationFetchResponse message. Does not implicitly {@link FederationFetchResponse.verify|verify} messages.
     * @param message FederationFetchResponse message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: FederationFetchResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a FederationFetchResponse message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {FederationFetchResponse & FederationFetchResponse.$Shape} FederationFetchResponse
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): FederationFetchResponse & FederationFetchResponse.$Shape;

    /**
     * Creates a FederationFetchResponse message from a plain object. Also converts values to their respective internal types.
     * @param object Plain object
     * @returns FederationFetchResponse
     */
    static fromObject(object: { [k: string]: any }): FederationFetchResponse;

    /**
     * Creates a plain object from a FederationFetchResponse message. Also converts values to other types if specified.
     * @param message FederationFetchResponse
     * @param [options] Conversion options
     * @returns Plain object
     */
    static toObject(message: FederationFetchResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

    /**
     * Converts this FederationFetchResponse to JSON.
     * @returns JSON object
     */
    toJSON(): { [k: string]: any };
}

export namespace FederationFetchResponse {

    /** Properties of a FederationFetchResponse. */
    interface $Properties {

        /** FederationFetchResponse keys */
        keys?: (ExposureKey.$Properties[]|null);

        /** FederationFetchResponse revisedKeys */
        revisedKeys?: (ExposureKey.$Properties[]|null);

        /** FederationFetchResponse partialResponse */
        partialResponse?: (boolean|null);

        /** FederationFetchResponse nextFetchState */
        nextFetchState?: (FetchState.$Properties|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a FederationFetchResponse. */
    type $Shape = FederationFetchResponse.$Properties;
}

/** Represents a FetchState. */
export class FetchState {

    /**
     * Constructs a new FetchState.
     * @param [properties] Properties to set
     */
    constructor(properties?: FetchState.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** FetchState keyCursor. */
    keyCursor?: (Cursor.$Properties|null);

    /** FetchState revisedKeyCursor. */
    revisedKeyCursor?: (Cursor.$Properties|null);

    /**
     * Encodes the specified FetchState message. Does not implicitly {@link FetchState.verify|verify} messages.
     * @param message FetchState message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: FetchState.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a FetchState message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {FetchState & FetchState.$Shape} FetchState
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): FetchState & FetchState.$Shape;

    /**
     * Creates a FetchState message from a plain object. Also converts values to their respective internal types.
     * @param object Plain object
     * @returns FetchState
     */
    static fromObject(object: { [k: string]: any }): FetchState;

    /**
     * Creates a plain object from a FetchState message. Also converts values to other types if specified.
     * @param message FetchState
     * @param [options] Conversion options
     * @returns Plain object
     */
    static toObject(message: FetchState, options?: $protobuf.IConversionOptions): { [k: string]: any };

    /**
     * Converts this FetchState to JSON.
     * @returns JSON object
     */
    toJSON(): { [k: string]: any };
}

export namespace FetchState {

    /** Properties of a FetchState. */
    interface $Properties {

        /** FetchState keyCursor */
        keyCursor?: (Cursor.$Properties|null);

        /** FetchState revisedKeyCursor */
        revisedKeyCursor?: (Cursor.$Properties|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a FetchState. */
    type $Shape = FetchState.$Properties;
}

/** Represents a Cursor. */
export class Cursor {

    /**
     * Constructs a new Cursor.
     * @param [properties] Properties to set
     */
    constructor(properties?: Cursor.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** Cursor timestamp. */
    timestamp: number;

    /** Cursor nextToken. */
    nextToken: string;

    /**
     * Encodes the specified Cursor message. Does not implicitly {@link Cursor.verify|verify} messages.
     * @param message Cursor message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: Cursor.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a Cursor message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {Cursor & Cursor.$Shape} Cursor
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): Cursor & Cursor.$Shape;

    /**
     * Creates a Cursor message from a plain object. Also converts values to their respective internal types.
     * @param object Plain object
     * @returns Cursor
     */
    static fromObject(object: { [k: string]: any }): Cursor;

    /**
     * Creates a plain object from a Cursor message. Also converts values to other types if specified.
     * @param message Cursor
     * @param [options] Conversion options
     * @returns Plain object
     */
    static toObject(message: Cursor, options?: $protobuf.IConversionOptions): { [k: string]: any };

    /**
     * Converts this Cursor to JSON.
     * @returns JSON object
     */
    toJSON(): { [k: string]: any };
}

export namespace Cursor {

    /** Properties of a Cursor. */
    interface $Properties {

        /** Cursor timestamp */
        timestamp?: (number|null);

        /** Cursor nextToken */
        nextToken?: (string|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a Cursor. */
    type $Shape = Cursor.$Properties;
}

/** Represents an ExposureKey. */
export class ExposureKey {

    /**
     * Constructs a new ExposureKey.
     * @param [properties] Properties to set
     */
    constructor(properties?: ExposureKey.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** ExposureKey exposureKey. */
    exposureKey: Uint8Array;

    /** ExposureKey transmissionRisk. */
    transmissionRisk: number;

    /** ExposureKey intervalNumber. */
    intervalNumber: number;

    /** ExposureKey intervalCount. */
    intervalCount: number;

    /** ExposureKey reportType. */
    reportType: ExposureKey.ReportType;

    /** ExposureKey daysSinceOnsetOfSymptoms. */
    daysSinceOnsetOfSymptoms: number;

    /** ExposureKey hasSymptomOnset. */
    hasSymptomOnset: boolean;

    /** ExposureKey traveler. */
    traveler: boolean;

    /** ExposureKey regions. */
    regions: string[];

    /** ExposureKey homeServerId. */
    homeServerId: string;

    /** ExposureKey hops. */
    hops: number;

    /**
     * Encodes the specified ExposureKey message. Does not implicitly {@link ExposureKey.verify|verify} messages.
     * @param message ExposureKey message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: ExposureKey.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes an ExposureKey message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {ExposureKey & ExposureKey.$Shape} ExposureKey
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ExposureKey & ExposureKey.$Shape;

    /**
     * Creates an ExposureKey message from a plain object. Also converts values to their respective internal types.
     * @param object Plain object
     * @returns ExposureKey
     */
    static fromObject(object: { [k: string]: any }): ExposureKey;

    /**
     * Creates a plain object from an ExposureKey message. Also converts values to other types if specified.
     * @param message ExposureKey
     * @param [options] Conversion options
     * @returns Plain object
     */
    static toObject(message: ExposureKey, options?: $protobuf.IConversionOptions): { [k: string]: any };

    /**
     * Converts this ExposureKey to JSON.
     * @returns JSON object
     */
    toJSON(): { [k: string]: any };
}

export namespace ExposureKey {

    /** Properties of an ExposureKey. */
    interface $Properties {

        /** ExposureKey exposureKey */
        exposureKey?: (Uint8Array|null);

        /** ExposureKey transmissionRisk */
        transmissionRisk?: (number|null);

        /** ExposureKey intervalNumber */
        intervalNumber?: (number|null);

        /** ExposureKey intervalCount */
        intervalCount?: (number|null);

        /** ExposureKey reportType */
        reportType?: (ExposureKey.ReportType|null);

        /** ExposureKey daysSinceOnsetOfSymptoms */
        daysSinceOnsetOfSymptoms?: (number|null);

        /** ExposureKey hasSymptomOnset */
        hasSymptomOnset?: (boolean|null);

        /** ExposureKey traveler */
        traveler?: (boolean|null);

        /** ExposureKey regions */
        regions?: (string[]|null);

        /** ExposureKey homeServerId */
        homeServerId?: (string|null);

        /** ExposureKey hops */
        hops?: (number|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of an ExposureKey. */
    type $Shape = ExposureKey.$Properties;

    /** ReportType enum. */
    enum ReportType {

        /** UNKNOWN value */
        UNKNOWN = 0,

        /** CONFIRMED_TEST value */
        CONFIRMED_TEST = 1,

        /** CONFIRMED_CLINICAL_DIAGNOSIS value */
        CONFIRMED_CLINICAL_DIAGNOSIS = 2,

        /** SELF_REPORT value */
        SELF_REPORT = 3,

        /** RECURSIVE value */
        RECURSIVE = 4,

        /** REVOKED value */
        REVOKED = 5
    }
}

/** Namespace wayfarer. */
export namespace wayfarer {

    /** Namespace federation. */
    namespace federation {

        /** Namespace v1. */
        namespace v1 {

            /** Represents a PushRequest. */
            class PushRequest {

                /**
                 * Constructs a new PushRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: wayfarer.federation.v1.PushRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PushRequest batchId. */
                batchId: string;

                /** PushRequest keys. */
                keys: ExposureKey.$Properties[];

                /** PushRequest revisedKeys. */
                revisedKeys: ExposureKey.$Properties[];

                /**
                 * Encodes the specified PushRequest message. Does not implicitly {@link wayfarer.federation.v1.PushRequest.verify|verify} messages.
                 * @param message PushRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: wayfarer.federation.v1.PushRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a PushRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {wayfarer.federation.v1.PushRequest & wayfarer.federation.v1.PushRequest.$Shape} PushRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): wayfarer.federation.v1.PushRequest & wayfarer.federation.v1.PushRequest.$Shape;

                /**
                 * Creates a PushRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns PushRequest
                 */
                static fromObject(object: { [k: string]: any }): wayfarer.federation.v1.PushRequest;

                /**
                 * Creates a plain object from a PushRequest message. Also converts values to other types if specified.
                 * @param message PushRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: wayfarer.federation.v1.PushRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this PushRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };
            }

            namespace PushRequest {

                /** Properties of a PushRequest. */
                interface $Properties {

                    /** PushRequest batchId */
                    batchId?: (string|null);

                    /** PushRequest keys */
                    keys?: (ExposureKey.$Properties[]|null);

                    /** PushRequest revisedKeys */
                    revisedKeys?: (ExposureKey.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PushRequest. */
                type $Shape = wayfarer.federation.v1.PushRequest.$Properties;
            }

            /** Represents a PushResponse. */
            class PushResponse {

                /**
                 * Constructs a new PushResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: wayfarer.federation.v1.PushResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PushResponse verdicts. */
                verdicts: wayfarer.federation.v1.Verdict.$Properties[];

                /** PushResponse revisedVerdicts. */
                revisedVerdicts: wayfarer.federation.v1.Verdict.$Properties[];

                /**
                 * Encodes the specified PushResponse message. Does not implicitly {@link wayfarer.federation.v1.PushResponse.verify|verify} messages.
                 * @param message PushResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: wayfarer.federation.v1.PushResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a PushResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {wayfarer.federation.v1.PushResponse & wayfarer.federation.v1.PushResponse.$Shape} PushResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): wayfarer.federation.v1.PushResponse & wayfarer.federation.v1.PushResponse.$Shape;

                /**
                 * Creates a PushResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns PushResponse
                 */
                static fromObject(object: { [k: string]: any }): wayfarer.federation.v1.PushResponse;

                /**
                 * Creates a plain object from a PushResponse message. Also converts values to other types if specified.
                 * @param message PushResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: wayfarer.federation.v1.PushResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this PushResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };
            }

            namespace PushResponse {

                /** Properties of a PushResponse. */
                interface $Properties {

                    /** PushResponse verdicts */
                    verdicts?: (wayfarer.federation.v1.Verdict.$Properties[]|null);

                    /** PushResponse revisedVerdicts */
                    revisedVerdicts?: (wayfarer.federation.v1.Verdict.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PushResponse. */
                type $Shape = wayfarer.federation.v1.PushResponse.$Properties;
            }

            /** Represents a Verdict. */
            class Verdict {

                /**
                 * Constructs a new Verdict.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: wayfarer.federation.v1.Verdict.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Verdict verdict. */
                verdict: wayfarer.federation.v1.Verdict.Kind;

                /** Verdict reason. */
                reason: string;

                /**
                 * Encodes the specified Verdict message. Does not implicitly {@link wayfarer.federation.v1.Verdict.verify|verify} messages.
                 * @param message Verdict message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: wayfarer.federation.v1.Verdict.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Verdict message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {wayfarer.federation.v1.Verdict & wayfarer.federation.v1.Verdict.$Shape} Verdict
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): wayfarer.federation.v1.Verdict & wayfarer.federation.v1.Verdict.$Shape;

                /**
                 * Creates a Verdict message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Verdict
                 */
                static fromObject(object: { [k: string]: any }): wayfarer.federation.v1.Verdict;

                /**
                 * Creates a plain object from a Verdict message. Also converts values to other types if specified.
                 * @param message Verdict
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: wayfarer.federation.v1.Verdict, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Verdict to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };
            }

            namespace Verdict {

                /** Properties of a Verdict. */
                interface $Properties {

                    /** Verdict verdict */
                    verdict?: (wayfarer.federation.v1.Verdict.Kind|null);

                    /** Verdict reason */
                    reason?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Verdict. */
                type $Shape = wayfarer.federation.v1.Verdict.$Properties;

                /** Kind enum. */
                enum Kind {

                    /** UNSPECIFIED value */
                    UNSPECIFIED = 0,

                    /** STORED value */
                    STORED = 1,

                    /** REVISED value */
                    REVISED = 2,

                    /** DUPLICATE value */
                    DUPLICATE = 3,

                    /** REFUSED value */
                    REFUSED = 4
                }
            }

            /** Represents a DescribeRequest. */
            class DescribeRequest {

                /**
                 * Constructs a new DescribeRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: wayfarer.federation.v1.DescribeRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** DescribeRequest fromDay. */
                fromDay?: (number|null);

                /** DescribeRequest untilDay. */
                untilDay?: (number|null);

                /** DescribeRequest includeRegions. */
                includeRegions: string[];

                /** DescribeRequest excludeRegions. */
                excludeRegions: string[];

                /** DescribeRequest onlyTravelers. */
                onlyTravelers: boolean;

                /** DescribeRequest onlyLocalProvenance. */
                onlyLocalProvenance: boolean;

                /**
                 * Encodes the specified DescribeRequest message. Does not implicitly {@link wayfarer.federation.v1.DescribeRequest.verify|verify} messages.
                 * @param message DescribeRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: wayfarer.federation.v1.DescribeRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a DescribeRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {wayfarer.federation.v1.DescribeRequest & wayfarer.federation.v1.DescribeRequest.$Shape} DescribeRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): wayfarer.federation.v1.DescribeRequest & wayfarer.federation.v1.DescribeRequest.$Shape;

                /**
                 * Creates a DescribeRequest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns DescribeRequest
                 */
                static fromObject(object: { [k: string]: any }): wayfarer.federation.v1.DescribeRequest;

                /**
                 * Creates a plain object from a DescribeRequest message. Also converts values to other types if specified.
                 * @param message DescribeRequest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: wayfarer.federation.v1.DescribeRequest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this DescribeRequest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };
            }

            namespace DescribeRequest {

                /** Properties of a DescribeRequest. */
                interface $Properties {

                    /** DescribeRequest fromDay */
                    fromDay?: (number|null);

                    /** DescribeRequest untilDay */
                    untilDay?: (number|null);

                    /** DescribeRequest includeRegions */
                    includeRegions?: (string[]|null);

                    /** DescribeRequest excludeRegions */
                    excludeRegions?: (string[]|null);

                    /** DescribeRequest onlyTravelers */
                    onlyTravelers?: (boolean|null);

                    /** DescribeRequest onlyLocalProvenance */
                    onlyLocalProvenance?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a DescribeRequest. */
                type $Shape = wayfarer.federation.v1.DescribeRequest.$Properties;
            }

            /** Represents a DescribeResponse. */
            class DescribeResponse {

                /**
                 * Constructs a new DescribeResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: wayfarer.federation.v1.DescribeResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** DescribeResponse serverId. */
                serverId: string;

                /** DescribeResponse regions. */
                regions: string[];

                /** DescribeResponse limits. */
                limits?: (wayfarer.federation.v1.Limits.$Properties|null);

                /** DescribeResponse days. */
                days: wayfarer.federation.v1.DayDigest.$Properties[];

                /** DescribeResponse publicKeys. */
                publicKeys: string;

                /** DescribeResponse protocols. */
                protocols: string[];

                /** DescribeResponse closedThrough. */
                closedThrough: number;

                /** DescribeResponse digestsFromDay. */
                digestsFromDay: number;

                /**
                 * Encodes the specified DescribeResponse message. Does not implicitly {@link wayfarer.federation.v1.DescribeResponse.verify|verify} messages.
                 * @param message DescribeResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: wayfarer.federation.v1.DescribeResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a DescribeResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {wayfarer.federation.v1.DescribeResponse & wayfarer.federation.v1.DescribeResponse.$Shape} DescribeResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): wayfarer.federation.v1.DescribeResponse & wayfarer.federation.v1.DescribeResponse.$Shape;

                /**
                 * Creates a DescribeResponse message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns DescribeResponse
                 */
                static fromObject(object: { [k: string]: any }): wayfarer.federation.v1.DescribeResponse;

                /**
                 * Creates a plain object from a DescribeResponse message. Also converts values to other types if specified.
                 * @param message DescribeResponse
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: wayfarer.federation.v1.DescribeResponse, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this DescribeResponse to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };
            }

            namespace DescribeResponse {

                /** Properties of a DescribeResponse. */
                interface $Properties {

                    /** DescribeResponse serverId */
                    serverId?: (string|null);

                    /** DescribeResponse regions */
                    regions?: (string[]|null);

                    /** DescribeResponse limits */
                    limits?: (wayfarer.federation.v1.Limits.$Properties|null);

                    /** DescribeResponse days */
                    days?: (wayfarer.federation.v1.DayDigest.$Properties[]|null);

                    /** DescribeResponse publicKeys */
                    publicKeys?: (string|null);

                    /** DescribeResponse protocols */
                    protocols?: (string[]|null);

                    /** DescribeResponse closedThrough */
                    closedThrough?: (number|null);

                    /** DescribeResponse digestsFromDay */
                    digestsFromDay?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a DescribeResponse. */
                type $Shape = wayfarer.federation.v1.DescribeResponse.$Properties;
            }

            /** Represents a Limits. */
            class Limits {

                /**
                 * Constructs a new Limits.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: wayfarer.federation.v1.Limits.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Limits maxKeysPerPage. */
                maxKeysPerPage: number;

                /** Limits maxBatchKeys. */
                maxBatchKeys: number;

                /** Limits maxBodyBytes. */
                maxBodyBytes: number;

                /**
                 * Encodes the specified Limits message. Does not implicitly {@link wayfarer.federation.v1.Limits.verify|verify} messages.
                 * @param message Limits message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: wayfarer.federation.v1.Limits.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Limits message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {wayfarer.federation.v1.Limits & wayfarer.federation.v1.Limits.$Shape} Limits
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): wayfarer.federation.v1.Limits & wayfarer.federation.v1.Limits.$Shape;

                /**
                 * Creates a Limits message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns Limits
                 */
                static fromObject(object: { [k: string]: any }): wayfarer.federation.v1.Limits;

                /**
                 * Creates a plain object from a Limits message. Also converts values to other types if specified.
                 * @param message Limits
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: wayfarer.federation.v1.Limits, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this Limits to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };
            }

            namespace Limits {

                /** Properties of a Limits. */
                interface $Properties {

                    /** Limits maxKeysPerPage */
                    maxKeysPerPage?: (number|null);

                    /** Limits maxBatchKeys */
                    maxBatchKeys?: (number|null);

                    /** Limits maxBodyBytes */
                    maxBodyBytes?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Limits. */
                type $Shape = wayfarer.federation.v1.Limits.$Properties;
            }

            /** Represents a DayDigest. */
            class DayDigest {

                /**
                 * Constructs a new DayDigest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: wayfarer.federation.v1.DayDigest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** DayDigest day. */
                day: number;

                /** DayDigest count. */
                count: number;

                /** DayDigest digest. */
                digest: Uint8Array;

                /**
                 * Encodes the specified DayDigest message. Does not implicitly {@link wayfarer.federation.v1.DayDigest.verify|verify} messages.
                 * @param message DayDigest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: wayfarer.federation.v1.DayDigest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a DayDigest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {wayfarer.federation.v1.DayDigest & wayfarer.federation.v1.DayDigest.$Shape} DayDigest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): wayfarer.federation.v1.DayDigest & wayfarer.federation.v1.DayDigest.$Shape;

                /**
                 * Creates a DayDigest message from a plain object. Also converts values to their respective internal types.
                 * @param object Plain object
                 * @returns DayDigest
                 */
                static fromObject(object: { [k: string]: any }): wayfarer.federation.v1.DayDigest;

                /**
                 * Creates a plain object from a DayDigest message. Also converts values to other types if specified.
                 * @param message DayDigest
                 * @param [options] Conversion options
                 * @returns Plain object
                 */
                static toObject(message: wayfarer.federation.v1.DayDigest, options?: $protobuf.IConversionOptions): { [k: string]: any };

                /**
                 * Converts this DayDigest to JSON.
                 * @returns JSON object
                 */
                toJSON(): { [k: string]: any };
            }

            namespace DayDigest {

                /** Properties of a DayDigest. */
                interface $Properties {

                    /** DayDigest day */
                    day?: (number|null);

                    /** DayDigest count */
                    count?: (number|null);

                    /** DayDigest digest */
                    digest?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a DayDigest. */
                type $Shape = wayfarer.federation.v1.DayDigest.$Properties;
            }
        }
    }
}
