// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>
/// <c>codec</c>: what labels and packets cost without sockets, by BenchmarkDotNet in this process.
/// </summary>
internal sealed class CodecBenchmark : Command
{
    public CodecBenchmark()
        : base("codec", "Measures labels and the packets of a connect alone, with BenchmarkDotNet.")
    {
        this.SetRun((_, _) => Task.FromResult(MicroBenchmark.Run<Codecs>()));
    }
}
