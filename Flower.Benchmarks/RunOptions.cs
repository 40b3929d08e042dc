// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;

namespace Flower.Benchmarks;

/// <summary>How long and how often a benchmark runs, and against which switchboard: options of several commands.</summary>
internal sealed class RunOptions
{
    private readonly Option<int> _total;
    private readonly Option<int> _repeat;

    private readonly Option<string?> _flower = new("--flower")
    {
        HelpName = "PATH",
        Description = "The flower program that runs the switchboard. Default: the one built along with this",
    };

    /// <summary>The options, on a command.</summary>
    public RunOptions(Command command, (string Description, int Default) total, (string Description, int Default) repeat)
    {
        _total = new("--total")
        {
            HelpName = "N",
            Description = total.Description,
            DefaultValueFactory = _ => total.Default,
        };
        _repeat = new("--repeat")
        {
            HelpName = "N",
            Description = repeat.Description,
            DefaultValueFactory = _ => repeat.Default,
        };
        command.Add(_total);
        command.Add(_repeat);
        command.Add(_flower);
    }

    /// <summary>Connects in one run.</summary>
    public int Total(ParseResult command) => command.GetValue(_total);

    /// <summary>Runs, at least one.</summary>
    public int Repeat(ParseResult command) => Math.Max(1, command.GetValue(_repeat));

    /// <summary>The program.</summary>
    public string Flower(ParseResult command) => command.GetValue(_flower) ?? Role.BuiltFlower;
}
