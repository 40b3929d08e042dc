// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.Protocol.V1;

namespace Flower.CommandLine;

/// <summary>Which of several servers a tool is connected to: <c>--balance</c> and <c>--max-tries</c>.</summary>
public sealed class BalanceOptions
{
    private const int MostTries = 16;

    private readonly Option<string?> _balance = new Option<string?>("--balance")
    {
        HelpName = "weighted|round-robin|least",
        Description = "Where several servers match equally well, pick one: weighted, at random by their weights; round-robin, "
            + "in turn; least, the one with the fewest connections for its weight. One that has gone, is overloaded or does "
            + "not answer is skipped. Default: several are an error",
    }.AcceptOneOf("weighted", "round-robin", "least");

    private readonly Option<int?> _maxTries = new("--max-tries")
    {
        HelpName = "N",
        Description = "With --balance, the most servers that are tried, 1 to 16. Default: 3",
    };

    /// <summary>The options, on a command.</summary>
    public BalanceOptions(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        _maxTries.AcceptFromTo(1, MostTries);
        command.Add(_balance);
        command.Add(_maxTries);
    }

    /// <summary>The options with what was given.</summary>
    /// <exception cref="ToolException">--max-tries without --balance.</exception>
    public ConnectOptions AddTo(ConnectOptions options, ParseResult command)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(command);
        Balance balance = command.GetValue(_balance) switch
        {
            "weighted" => Balance.Weighted,
            "round-robin" => Balance.RoundRobin,
            "least" => Balance.Least,
            _ => Balance.None,
        };
        int? tries = command.GetValue(_maxTries);
        return balance == Balance.None && tries is not null
            ? throw new ToolException(ExitCodes.Usage, "--max-tries goes with --balance")
            : options with { Balance = balance, MaxTries = tries ?? 0 };
    }
}
