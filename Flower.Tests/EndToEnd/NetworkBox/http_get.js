// SPDX-License-Identifier: BSD-2-Clause
// Prints what a URL gives, or the error's code, with exit code 1.
"use strict";

const http = require("node:http");

http.get(process.argv[2], { timeout: 20_000 }, (response) => {
  response.setEncoding("utf8");
  response.on("data", (text) => process.stdout.write(text));
}).on("timeout", function () {
  this.destroy(Object.assign(new Error("nobody answers"), { code: "ETIMEDOUT" }));
}).on("error", (error) => {
  console.error(error.code);
  process.exitCode = 1;
});
