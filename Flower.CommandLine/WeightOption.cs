// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;

namespace Flower.CommandLine;

/// <summary>How much a server takes compared with others: <c>--weight N</c>.</summary>
public sealed class WeightOption : Option<int?>
{
    private const int Default = 100;

    /// <summary>The option, with the default of 100.</summary>
    public WeightOption()
        : base("--weight")
    {
        HelpName = "N";
        Description = "How much it takes compared with other servers, for clients with --balance, 0 to 65535; 0: only where "
            + "there is no other. Default: 100";
        this.AcceptFromTo(0, ushort.MaxValue);
    }

    /// <summary>The weight that was given, or the default.</summary>
    public int Read(ParseResult command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return command.GetValue(this) ?? Default;
    }
}
