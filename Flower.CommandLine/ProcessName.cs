// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.CommandLine;

/// <summary>What a process calls itself (/proc/PID/comm, proc(5)): up to 15 bytes of its own choice.</summary>
public static class ProcessName
{
    /// <summary>The name, as it is: any bytes but NUL; null: there is no such process.</summary>
    public static string? Of(int pid)
    {
        try
        {
            string name = File.ReadAllText($"/proc/{pid}/comm");
            return name.EndsWith('\n') ? name[..^1] : name;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
