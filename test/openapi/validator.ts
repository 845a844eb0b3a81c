import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

/** Tells what is wrong with a value by a schema of this document; an empty text: nothing. */
export function validator(document: object): (schema: object, value: unknown) => string {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  formats.default(ajv);
  ajv.addFormat("base64", /^[A-Za-z0-9+/]*={0,2}$/);
  ajv.addSchema({ ...document, $id: "document:" });
  return (schema, value) => {
    const absolute: object = JSON.parse(
      JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"document:#/'),
    );
    return ajv.validate(absolute, value) ? "" : ajv.errorsText();
  };
}
