// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;

namespace Flower.Doctor;

/// <summary>Which switchboard is meant, and who says so.</summary>
internal static class AddressCheck
{
    private const string Name = "address";

    /// <summary>The address; null: what is given is none.</summary>
    public static (SwitchboardAddress? Address, Finding Finding) Read(string? given)
    {
        string source = !string.IsNullOrEmpty(given) ? "from --switchboard"
            : !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(SwitchboardAddress.Variable))
                ? $"from {SwitchboardAddress.Variable}"
            : Environment.IsPrivilegedProcess ? "the default of root"
            : string.IsNullOrEmpty(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"))
                ? "the default without XDG_RUNTIME_DIR"
            : "the default, below XDG_RUNTIME_DIR";
        try
        {
            var address = SwitchboardAddress.Resolve(given);
            return (address, Finding.Ok(Name, $"{address}, {source}"));
        }
        catch (FlowerException e)
        {
            return (null, Finding.Problem(Name, $"{source}: {e.Message}", null));
        }
    }
}
