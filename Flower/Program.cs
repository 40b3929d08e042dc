// SPDX-License-Identifier: BSD-2-Clause
Console.Error.WriteLine("flower: no subcommand is built yet");
return 64;
