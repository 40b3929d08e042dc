// SPDX-License-Identifier: BSD-2-Clause
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>Runs the benchmarks of a class by BenchmarkDotNet.</summary>
internal static class MicroBenchmark
{
    /// <summary>Runs them all, and prints its table.</summary>
    public static int Run<T>()
    {
        // In this process: what is measured is internal to the switchboard, and no other project is to be built for it.
        IConfig config = DefaultConfig.Instance
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "flower-benchmarks"));
        BenchmarkRunner.Run<T>(config);
        return ExitCodes.Ok;
    }
}
