// SPDX-License-Identifier: BSD-2-Clause
// Answers each line of each connection with the same in upper case.
"use strict";

const net = require("node:net");

net.createServer((connection) => {
  connection.setEncoding("utf8");
  connection.on("data", (text) => connection.write(text.toUpperCase()));
  connection.on("error", () => connection.destroy());
}).listen(Number(process.argv[2]), () => console.log("listening"));
