// SPDX-License-Identifier: BSD-2-Clause
// A service with the generic host: says the SHA-256 of whatever it is sent.
//
//     dotnet run --project samples/Worker &
//     flower cat service=digest < README.md
using Worker;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddHostedService<DigestServer>();
await builder.Build().RunAsync();
