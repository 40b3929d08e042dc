// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.CommandLine;

namespace Flower.Benchmarks.Soak;

/// <summary>How long a soak lasts, how hard it is, and what it forgives.</summary>
internal sealed class SoakOptions
{
    private readonly DurationOption _time = new("--time", TimeSpan.FromMinutes(1))
    {
        Description = "How long the load lasts; a tenth of that, at least a minute, comes before, to warm up (default: 1m)",
    };

    private readonly DurationOption _every = new("--every", TimeSpan.Zero)
    {
        Description = "How often a row is printed (default: a twentieth of --time)",
    };

    private readonly Option<int> _laps = new("--laps")
    {
        HelpName = "N",
        Description = "Instead of --time, each worker makes so many laps, after as many to warm up; 0: --time counts",
        DefaultValueFactory = _ => 0,
    };

    private readonly DurationOption _pause = new("--pause", TimeSpan.FromMilliseconds(5))
    {
        Description = "What a worker rests after each lap (default: 5ms)",
    };

    private readonly Option<double> _slower = new("--slower")
    {
        HelpName = "FACTOR",
        Description = "How much slower a connect may be at the end, at rest; 0: that is not judged",
        DefaultValueFactory = _ => 1.5,
    };

    private readonly Option<double> _larger = new("--larger")
    {
        HelpName = "MB",
        Description = "How many megabytes more a process may have at the end, beside a tenth of what it had",
        DefaultValueFactory = _ => 8,
    };

    private readonly Option<string?> _flower = new("--flower")
    {
        HelpName = "PATH",
        Description = "The flower program. Default: the one built along with this",
    };

    public SoakOptions(Command command)
    {
        foreach (Option option in new Option[] { _time, _every, _laps, _pause, _slower, _larger, _flower })
        {
            command.Add(option);
        }
    }

    public SoakPlan Read(ParseResult command)
    {
        TimeSpan time = _time.Read(command);
        TimeSpan every = _every.Read(command);
        return new(
            command.GetValue(_flower) ?? Role.BuiltFlower,
            time,
            every > TimeSpan.Zero ? every : time / 20,
            command.GetValue(_laps),
            _pause.Read(command),
            command.GetValue(_slower),
            command.GetValue(_larger));
    }
}
