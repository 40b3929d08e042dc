// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
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
        this.SetRun((_, _) => Task.FromResult(MicroBenchmark.Run<Lookups>()));
    }
}
