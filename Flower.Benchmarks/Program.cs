// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Benchmarks;
using Flower.Benchmarks.Soak;
using Flower.CommandLine;

var root = new RootCommand("Measures Flower: its programs in processes of their own, as they are used.")
{
    new ConnectBenchmark(),
    new BalanceBenchmark(),
    new FloodBenchmark(),
    new SoakBenchmark(),
    new BoxBenchmark(),
    new FootprintBenchmark(),
    new AllocationBenchmark(),
#if !AHEAD_OF_TIME
    new LookupBenchmark(),
    new CodecBenchmark(),
#endif
    new FloodRole(),
    new HttpRole(),
    new TcpServerRole(),
    new TcpClientRole(),
    new ServerRole(),
    new TargetsRole(),
    new ClientRole(),
};

return await CommandRoot.RunAsync(root, args);
