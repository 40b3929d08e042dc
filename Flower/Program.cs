// SPDX-License-Identifier: BSD-2-Clause
using Flower;
using Flower.CommandLine;

return await CommandRoot.RunAsync(CommandTree.Create(), args, CommandTree.Overview);
