// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>
/// <c>lookup</c>: what finding a target costs among 1 to 100,000 registered ones, without sockets and messages, by
/// BenchmarkDotNet in this process.
/// </summary>
internal sealed class LookupBenchmark : Command
{
    public LookupBenchmark()
        : base("lookup", "Measures the lookup alone, among 1 to 100,000 targets, with BenchmarkDotNet.")
    {
        this.SetRun((_, _) => Task.FromResult(Run()));
    }

    private static int Run()
    {
        // In this process: what is measured is internal to the switchboard, and no other project is to be built for it.
        IConfig config = DefaultConfig.Instance
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "flower-benchmarks"));
        BenchmarkRunner.Run<Lookups>(config);
        return ExitCodes.Ok;
    }
}
