// Reads {secret, headers, body} from standard input and writes what the reference library makes of it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Webhook } = createRequire(process.cwd() + "/")("standardwebhooks");
for (const { secret, headers, body } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    const told = new Webhook(secret).verify(Buffer.from(body, "base64"), headers);
    console.log(JSON.stringify({ accepted: true, type: told.type }));
  } catch (error) {
    console.log(JSON.stringify({ accepted: false, why: error.constructor.name }));
  }
}
