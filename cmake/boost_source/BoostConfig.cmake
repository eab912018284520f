# find_package(Boost CONFIG) for an unpacked Boost release of which nothing has been built: its
# headers, and Boost.Python for the CPython at hand, compiled here into a static library.
#
#   cmake -DBoost_DIR=cmake/boost_source -DRTPSYNTH_BOOST_SOURCE=/path/to/boost_1_88_0
set(RTPSYNTH_BOOST_SOURCE "" CACHE PATH "An unpacked Boost release")
set(Boost_INCLUDE_DIRS "${RTPSYNTH_BOOST_SOURCE}")
if(NOT TARGET Boost::headers)
    add_library(Boost::headers INTERFACE IMPORTED GLOBAL)
    set_target_properties(Boost::headers PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${Boost_INCLUDE_DIRS}")
    add_library(Boost::boost ALIAS Boost::headers)
endif()

foreach(component IN LISTS Boost_FIND_COMPONENTS)
    set(Boost_${component}_FOUND FALSE)
    if(NOT component MATCHES "^python[0-9]+$")
        continue()
    endif()
    if(NOT TARGET Boost::${component})
        file(GLOB_RECURSE sources "${RTPSYNTH_BOOST_SOURCE}/libs/python/src/*.cpp")
        list(FILTER sources EXCLUDE REGEX "/src/numpy/")
        if(NOT sources)
            continue()
        endif()
        add_library(boost_${component} STATIC ${sources})
        add_library(Boost::${component} ALIAS boost_${component})
        target_link_libraries(boost_${component} PUBLIC Boost::headers Python3::Module)
        target_compile_features(boost_${component} PRIVATE cxx_std_20)
        target_compile_definitions(boost_${component}
            PUBLIC BOOST_PYTHON_STATIC_LIB
            PRIVATE BOOST_PYTHON_SOURCE)
        # -w: its warnings are not ours to mend.
        target_compile_options(boost_${component} PRIVATE -w -fno-strict-aliasing)
        set_target_properties(boost_${component} PROPERTIES
            POSITION_INDEPENDENT_CODE ON
            CXX_VISIBILITY_PRESET hidden
            VISIBILITY_INLINES_HIDDEN ON
            UNITY_BUILD ON # a fraction of the time of 27 files
            UNITY_BUILD_BATCH_SIZE 0)
    endif()
    set(Boost_${component}_FOUND TRUE)
endforeach()

foreach(component IN LISTS Boost_FIND_COMPONENTS)
    if(Boost_FIND_REQUIRED_${component} AND NOT Boost_${component}_FOUND)
        set(Boost_FOUND FALSE)
        set(Boost_NOT_FOUND_MESSAGE "A Boost release's source is used without its ${component}.")
    endif()
endforeach()
